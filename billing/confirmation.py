"""Which payments ask for a fresh proof of who it is, before money moves on a saved card or out of the balance."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery, Sum

from accounts.models import User
from billing.models import Charge, Order
from portal.lib.cache_turns import turn_at
from portal.lib.money import Money

A_DAY = timedelta(days=1)
TIMES_A_DAY = 3
"""How often the limit fits into what goes without a proof: whoever has a session, or a token, would pay in small parts."""

State = Order.State
CALLED_OFF = (State.EXPIRED, State.CANCELLED)
NOT_TAKEN = (Charge.State.DECLINED, Charge.State.ABANDONED)


class ProofNeeded(Exception):
    """Nothing was placed or begun: its payer is to show first who they are."""


def needs_proof(money: Money) -> bool:
    """Tell whether this much moves only after a proof; in a currency without a limit, anything does."""
    limit = settings.PORTAL_CONFIRM_ABOVE.get(money.currency)
    return limit is None or money > limit


@contextmanager
def without_proof(money: Money, *, payer: User, now: datetime) -> Iterator[None]:
    """Commit a payment here for which nobody proved who they are; raises ProofNeeded, before anything is done.

    What is counted is what was committed, so of several at once each waits for those before it. It may not commit
    later than its turn ends. One query: a lock in the database would cost a purchase two statements and its brackets.
    """
    if needs_proof(money):
        raise ProofNeeded
    with turn_at(f"paying:{payer.pk}") as is_ours:
        if not is_ours or payment_needs_proof(money, payer=payer, now=now):
            raise ProofNeeded
        yield


def payment_needs_proof(money: Money, *, payer: User, now: datetime) -> bool:
    """Tell whether a payment asks for a proof: it is above the limit, or one of many within a day. One query."""
    if needs_proof(money):
        return True
    paid = _paid_by_hand(payer, money.currency, since=now - A_DAY)
    return paid + money > settings.PORTAL_CONFIRM_ABOVE[money.currency] * TIMES_A_DAY


def _paid_by_hand(payer: User, currency: str, *, since: datetime) -> Money:
    """Add up what saved cards and the balance paid, or are paying, for orders that were not placed by themselves."""
    # No order waits for its payment for longer than a day.
    orders = Order.objects.filter(
        owner=payer, currency=currency, trigger=Order.Trigger.CLICK, created_at__gt=since - A_DAY
    )
    by_kept_card = (
        Charge.objects.filter(order=OuterRef("pk"), created_at__gt=since, method__isnull=False, save_method=False)
        .exclude(state__in=NOT_TAKEN)
        .order_by()
        .values("order")
        .annotate(taken=Sum("amount"))
        .values("taken")
    )
    from_balance = Sum("wallet_amount", filter=Q(created_at__gt=since) & ~Q(state__in=CALLED_OFF))
    paid = orders.annotate(by_card=Subquery(by_kept_card)).aggregate(balance=from_balance, cards=Sum("by_card"))
    return Money((paid["balance"] or 0) + (paid["cards"] or 0), currency)
