"""What must be true of coupons and what they took off, whatever happened; part of `invariants`."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, F, Max, Q, Sum

from billing.models import Order, Redemption
from plans.models import Coupon, CouponCode

State = Redemption.State
ORDER_IN = {
    State.RESERVED: {Order.State.PENDING},
    State.CONSUMED: {
        Order.State.PAID,
        Order.State.FULFILLING,
        Order.State.FULFILLED,
        Order.State.TAKING_BACK,
        Order.State.REFUNDED,
    },
    # Taken back before it was delivered, an order gives its coupon back as well.
    State.RELEASED: {
        Order.State.EXPIRED,
        Order.State.CANCELLED,
        Order.State.UNDELIVERABLE,
        Order.State.REFUNDED,
    },
}


def coupons_are_used_within_limits(_now: datetime) -> list[str]:
    return [*_miscounted(Coupon, "coupon"), *_miscounted(CouponCode, "code"), *_taken_twice()]


def redemptions_fit_their_orders(_now: datetime) -> list[str]:
    totals = Redemption.objects.values("order__public_id", "order__amount").annotate(
        list=Max("price"), off=Sum("amount")
    )
    wrong = totals.exclude(order__amount=F("list") - F("off")).order_by()
    fits = Q()
    for state, orders in ORDER_IN.items():
        fits |= Q(state=state, order__state__in=orders)
    astray = Redemption.objects.exclude(fits).values_list("pk", "state", "order__public_id", "order__state")
    return [
        *(
            f"order {one['order__public_id']} costs {one['order__amount']} where {one['off']} are taken off {one['list']}"
            for one in wrong
        ),
        *(f"redemption {pk} is {state} and its order {order} is {of}" for pk, state, order, of in astray),
    ]


def _miscounted(model: type[Coupon] | type[CouponCode], word: str) -> Iterator[str]:
    live = Count("redemptions", filter=~Q(redemptions__state=State.RELEASED))
    rows = model.objects.annotate(live=live).filter(~Q(used=F("live")) | Q(live__gt=F("max_uses")))
    for pk, used, counted, limit in rows.values_list("pk", "used", "live", "max_uses"):
        yield f"{word} {pk} counts {used} of {limit or 'any'} uses and has {counted}"


def _taken_twice() -> Iterator[str]:
    held = Redemption.objects.live().filter(slot__isnull=False).values("coupon", "user", "slot").order_by()
    for one in held.annotate(times=Count("pk")).filter(times__gt=1):
        yield f"person {one['user']} used coupon {one['coupon']} {one['times']} times as one"
    firsts = Redemption.objects.live().filter(is_first_purchase=True).values("user").order_by()
    for first in firsts.annotate(times=Count("pk")).filter(times__gt=1):
        yield f"person {first['user']} made {first['times']} first purchases"
