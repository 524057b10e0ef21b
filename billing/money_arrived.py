"""What waits for money in the balance goes on when it is there, and not at the next rung of the ladder."""

from datetime import datetime

from accounts.models import User
from billing import ledger
from billing.declines import BALANCE_TOO_LOW, DECLINED
from billing.models import Subscription, TopUpRule

REASON = f"{DECLINED}{BALANCE_TOO_LOW}"


def try_again(*, owner: User, currency: str, now: datetime) -> None:
    """Make due what the balance was too low for and now covers; runs inside the transaction that books the money.

    What it still does not cover keeps its rung: small sums would use the ladder up.
    """
    balance = ledger.wallet_balance(owner, currency)
    refused = {"reason": REASON, "currency": currency, "consent_amount__lte": balance.minor}
    subscriptions = Subscription.objects.on().filter(
        line__owner=owner, state=Subscription.State.PAST_DUE, charge_due_at__gt=now, **refused
    )
    rules = TopUpRule.objects.filter(
        owner=owner, is_on=True, state=TopUpRule.State.ACTIVE, wait_until__gt=now, **refused
    )
    # Whoever holds a row may be waiting for the balance; what is skipped here keeps its rung.
    due = subscriptions.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Subscription.objects.filter(pk__in=list(due)).update(charge_due_at=now)
    wanted = rules.select_for_update(skip_locked=True).values_list("pk", flat=True)
    TopUpRule.objects.filter(pk__in=list(wanted)).update(wait_until=now)
