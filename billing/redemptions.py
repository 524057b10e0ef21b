"""Using offers up, once: reserved with the order, used when it is paid, given back when it never is.

Every function runs inside the caller's transaction. Counters move by conditional UPDATE, whose lock also lets the
uses of one coupon by one person in one after the other; constraints are the last line of defence.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from billing.discounts import CodeUse, Quote, has_bought
from billing.models import Order, Redemption
from plans import couponing
from plans.couponing import says
from plans.effects import Effect
from plans.models import Coupon, CouponCode
from plans.models.deals import running
from portal.lib.money import Money

State = Redemption.State
MARK = "list_price"
"""In what an order keeps of its plan: an order without it has no redemptions, and none are looked for."""

IN_LIMIT = Q(max_uses=None) | Q(used__lt=F("max_uses"))


class CouponGone(Exception):
    """Somebody was quicker, or the coupon ended meanwhile; nothing was bought."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def reserve(order: Order, quote: Quote, *, now: datetime) -> None:
    """Write down what an order was given, and count it; raises CouponGone."""
    if quote.promotion is not None:
        row, effect = quote.promotion.row, quote.promotion.effect
        _draft(order, effect, price=quote.list_price, terms=row.terms, promotion_id=row.pk, created_at=now).save()
    if quote.coupon is not None:
        _claim(order, quote.coupon, price=quote.price_promoted, now=now)


def _claim(order: Order, use: CodeUse, *, price: Money, now: datetime) -> None:
    code, coupon = use.code, use.coupon
    free = CouponCode.objects.filter(IN_LIMIT, pk=code.pk, is_active=True)
    if not free.update(used=F("used") + 1):
        raise CouponGone(says(couponing.USED_UP))
    if not Coupon.objects.filter(IN_LIMIT, running(now), pk=coupon.pk).update(used=F("used") + 1):
        raise CouponGone(says(couponing.USED_UP))
    if coupon.first_purchase_only and has_bought(order.owner, besides=order):
        raise CouponGone(says(couponing.FIRST_PURCHASE))
    slot = _free_slot(order, coupon)
    claimed = _draft(order, use.effect, price=price, terms=use.terms, coupon=coupon, code=code, created_at=now)
    claimed.slot, claimed.is_first_purchase = slot, coupon.first_purchase_only
    try:
        with transaction.atomic():
            claimed.save()
    except IntegrityError as error:
        sentence = couponing.FIRST_PURCHASE if coupon.first_purchase_only else couponing.USED_BY_YOU
        raise CouponGone(says(sentence)) from error


def _free_slot(order: Order, coupon: Coupon) -> int | None:
    """Return the first of the uses a person has that is free; None where there is no limit."""
    if coupon.max_per_user is None:
        return None
    taken = set(Redemption.objects.live().filter(coupon=coupon, user=order.owner).values_list("slot", flat=True))
    free = next((slot for slot in range(coupon.max_per_user) if slot not in taken), None)
    if free is None:
        raise CouponGone(says(couponing.USED_BY_YOU))
    return free


def _draft(order: Order, effect: Effect, *, price: Money, **columns: object) -> Redemption:
    extra = effect.extra
    return Redemption(
        order=order,
        user=order.owner,
        currency=price.currency,
        price=price.minor,
        amount=effect.off.minor,
        bonus_bytes=effect.bonus_bytes,
        extra_count=extra.count if extra else 0,
        extra_unit=extra.unit.value if extra else "",
        **columns,
    )


def is_reduced(order: Order) -> bool:
    """Tell whether offers made an order what it is; no query."""
    return MARK in order.plan_terms


def consume(order: Order, *, now: datetime) -> None:
    """Use up what an order was given: it is paid."""
    if is_reduced(order):
        of_order = Redemption.objects.filter(order=order, state=State.RESERVED)
        of_order.update(state=State.CONSUMED, settled_at=now)


def release(order: Order, *, now: datetime) -> None:
    """Give back what an order had used: it was never paid, or never delivered and its money returned."""
    if not is_reduced(order):
        return
    for one in Redemption.objects.live().filter(order=order).order_by("pk"):
        moved = Redemption.objects.live().filter(pk=one.pk).update(state=State.RELEASED, settled_at=now)
        if moved and one.code_id is not None and one.coupon_id is not None:
            CouponCode.objects.filter(pk=one.code_id, used__gt=0).update(used=F("used") - 1)
            Coupon.objects.filter(pk=one.coupon_id, used__gt=0).update(used=F("used") - 1)


def shown_with(order: Order) -> list[Redemption]:
    """Return what an order was given, in the order it was taken off; no query where that is nothing."""
    return list(order.redemptions.order_by("pk")) if is_reduced(order) else []


def list_price_of(order: Order) -> Money:
    """Return the price before all offers."""
    return Money(order.plan_terms.get(MARK, order.amount), order.currency)
