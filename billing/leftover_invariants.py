"""What must be true of what staff made of leftover balances; part of `invariants`."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Sum, Value
from django.db.models.functions import Concat

from accounts.models import AccountClosing
from billing.models import LedgerAccount, LedgerEntry, Leftover
from billing.refund_invariants import differences


def leftovers_match_the_books(_now: datetime) -> list[str]:
    """Nothing leaves a balance this way but what was decided, and only of closed accounts."""
    cleared = Leftover.objects.cleared().filter(way=Leftover.Way.WRITTEN_OFF)
    written_off = list(cleared.values_list("currency").annotate(Sum("amount")))
    booked = LedgerEntry.objects.filter(
        key=Concat(Value("leftover:"), OuterRef("public_id")),
        debit_account=OuterRef("account"),
        amount=OuterRef("amount"),
        currency=OuterRef("currency"),
    )
    is_cleared = Q(state=Leftover.State.CLEARED)
    wrong = Leftover.objects.filter((is_cleared & ~Exists(booked)) | (~is_cleared & Exists(booked)))
    gone = AccountClosing.objects.gone().filter(user=OuterRef("account__owner"))
    of_the_living = Leftover.objects.filter(~Exists(gone))
    return [
        *(f"leftover {one.public_id} is {one.state}, and the books say otherwise" for one in wrong),
        *(f"leftover {one.public_id} is of an account that was not closed" for one in of_the_living),
        *differences(LedgerAccount.Kind.UNCLAIMED, sign=1, expected=written_off),
    ]
