"""What must be true of rewards for referrals; see `billing/invariants.py`."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat

from billing.models import LedgerEntry, ReferralCredit

Kind, State = LedgerEntry.Kind, ReferralCredit.State


def rewards_match_the_books(_now: datetime) -> list[str]:
    """What was credited stands in the books once for each of the two, and nothing else does."""
    booked = (Q(referrer_amount=0) | Q(_is_booked("referrer"))) & (Q(newcomer_amount=0) | Q(_is_booked("newcomer")))
    any_of_it = Q(_has_entry("referrer")) | Q(_has_entry("newcomer"))
    rows = ReferralCredit.objects.select_related("referral")
    unbooked = rows.exclude(state=State.REFUSED).filter(~booked)
    unearned = rows.filter(any_of_it, state=State.REFUSED)
    return [
        *(f"referral {one.referral.public_id} is {one.state}, and the books say otherwise" for one in unbooked),
        *(f"referral {one.referral.public_id} is refused, and was credited" for one in unearned),
    ]


def _has_entry(role: str) -> Exists:
    return Exists(LedgerEntry.objects.filter(kind=Kind.REWARDED, key=_key(role)))


def _is_booked(role: str) -> Exists:
    exact = {"amount": OuterRef(f"{role}_amount"), "currency": OuterRef("currency")}
    return Exists(LedgerEntry.objects.filter(kind=Kind.REWARDED, key=_key(role), **exact))


def _key(role: str) -> Concat:
    return Concat(Value("referral:"), OuterRef("referral__public_id"), Value(f":{role}"))
