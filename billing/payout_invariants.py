"""What must be true of balance that staff paid out by hand, of open accounts and of closed ones; part of `invariants`."""

from collections import Counter
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Concat

from billing.models import LedgerAccount, LedgerEntry, Leftover, Payout
from billing.refund_invariants import differences

State = Payout.State


def payouts_match_the_books(_now: datetime) -> list[str]:
    """Nothing leaves a balance this way but what was decided, and all of it to cards or by hand."""
    booked = Payout.objects.annotate(out=_is_booked(""), back=_is_booked(":put_back"))
    left_out = Q(by_hand_amount__gt=0, out=False)
    wrongly_back = Q(state=State.RETURNED, back=False) | (~Q(state=State.RETURNED) & Q(back=True))
    begun = Payout.objects.exclude(state__in=[State.REQUESTED, State.REFUSED])
    whole = begun.annotate(whole=F("by_hand_amount") + Coalesce(Sum("refunds__amount"), 0))
    return [
        *(f"payout {one} is not in the books as it says" for one in booked.filter(left_out | wrongly_back)),
        *(f"payout {one} is not all of what was asked for" for one in whole.exclude(whole=F("amount"))),
    ]


def by_hand_is_accounted_for(_now: datetime) -> list[str]:
    """What staff paid out themselves is what they wrote down, of balances of open accounts and of closed ones."""
    left = Leftover.objects.cleared().filter(way=Leftover.Way.BY_HAND)
    sums: Counter[str] = Counter()
    for currency, total in left.values_list("currency").annotate(Sum("amount")):
        sums[currency] += total
    for currency, total in Payout.objects.paid().values_list("currency").annotate(Sum("by_hand_amount")):
        sums[currency] += total
    return list(differences(LedgerAccount.Kind.BY_HAND, sign=1, expected=sums.items()))


def _is_booked(fact: str) -> Exists:
    key = Concat(Value("payout:"), OuterRef("public_id"), Value(fact))
    exact = {"amount": OuterRef("by_hand_amount"), "currency": OuterRef("currency")}
    return Exists(LedgerEntry.objects.filter(key=key, **exact))
