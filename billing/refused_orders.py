"""What becomes of a renewal's refused order when its subscriber agrees anew, helps, or turns it off."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from billing.models import Charge, Order, OrderQuerySet, Subscription


def goes_on(agreed: Subscription, *, paid_from: str, now: datetime) -> bool:
    """Have the refused order of the next period gone on with where it is for the very same; two could both be paid.

    Any other keeps its old price, terms and share of the balance: it ends, unless somebody is paying it. `agreed` has
    the new agreement, `paid_from` is what paid before. Inside the transaction that holds the subscription.
    """
    unpaid = Order.objects.filter(
        subscription_id=agreed.pk, period_index=agreed.period_index, state=Order.State.PENDING
    )
    refused = unpaid.first()
    if refused is not None and paid_from == agreed.pay_from and _is_for_the_same(refused, agreed):
        unpaid.update(agreement=agreed.agreement)
        return True
    _end(unpaid, now=now)
    return False


def let_go(subscription: Subscription, *, now: datetime) -> None:
    """Have what was refused end at once that nobody is paying: what it reserved of the balance is free again.

    Inside the transaction that holds the subscription.
    """
    _end(subscription.placed().filter(state=Order.State.PENDING), now=now)


def _end(unpaid: OrderQuerySet, *, now: datetime) -> None:
    being_paid = Charge.objects.open().filter(order=OuterRef("pk"))
    unpaid.filter(~Exists(being_paid), expires_at__gt=now).update(expires_at=now, end_due_at=None)


def _is_for_the_same(order: Order, agreed: Subscription) -> bool:
    sold, wanted = _promised(order.plan_terms), _promised(agreed.consent_terms)
    return order.plan_id == agreed.plan_id and order.total == agreed.agreed_price and sold == wanted


def _promised(terms: dict[str, object]) -> dict[str, object]:
    """Leave out names: another one for the same is no change."""
    return {name: value for name, value in terms.items() if not name.startswith("name")}
