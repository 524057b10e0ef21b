"""Letters about balance that is paid out: on every channel, for it is money that leaves on somebody's word."""

from datetime import datetime

from accounts.notifications import every_channel, notify
from billing.models import Payout
from billing.sales import as_context


def begun(payout: Payout, *, now: datetime) -> None:
    """Tell how much goes to cards, and how much by hand."""
    to_cards = payout.money - payout.by_hand
    _tell(payout, kind="payout_begun", now=now, to_cards=as_context(to_cards) if to_cards else None)


def transferred(payout: Payout, *, now: datetime) -> None:
    _tell(payout, kind="payout_sent", now=now, reference=payout.reference)


def put_back(payout: Payout, *, now: datetime) -> None:
    _tell(payout, kind="payout_returned", now=now)


def _tell(payout: Payout, *, kind: str, now: datetime, **extra: object) -> None:
    owner = payout.account.owner
    if owner is None:
        return
    by_hand = as_context(payout.by_hand) if payout.by_hand else None
    context = {"money": as_context(payout.money), "by_hand": by_hand, **extra}
    key = f"{kind}:{payout.public_id}"
    notify(user=owner, kind=kind, key=key, context=context, now=now, channels=every_channel(owner))
