"""What must be true of debts and the orders that settle them; see `billing/invariants.py`."""

from datetime import datetime

from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import Coalesce

from billing.models import Dispute, Order
from billing.models.disputes import NOTHING_OWED

# While an order is being paid, and once it is, it is worth just the debts that it settles.
STANDING = [Order.State.PENDING, Order.State.FULFILLED]


def debts_are_settled_by_what_pays_them(_now: datetime) -> list[str]:
    """What a bank took back is paid for by an order of the same person, line and currency, made for just that."""
    settled = Dispute.objects.filter(settled_by__isnull=False)
    no_debts = settled.filter(~Q(state=Dispute.State.LOST) | Q(is_withdrawn=False) | NOTHING_OWED)
    order, paid = "settled_by__", "charge__order__"
    same_line = Q(**{f"{order}line": F(f"{paid}line")}) | Q(**{f"{order}line": None, f"{paid}line": None})
    alike = Q(**{f"{order}owner": F(f"{paid}owner"), f"{order}currency": F("currency")}) & same_line
    strange = settled.exclude(alike, settled_by__kind=Order.Kind.ARREARS)
    at_stake = Case(
        When(settles__charge__order__state=Order.State.FULFILLED, then=F("settles__amount")),
        default=F("settles__credited_amount"),
    )
    owed = Coalesce(Sum(at_stake - F("settles__frozen_amount")), 0)
    worth = Order.objects.filter(kind=Order.Kind.ARREARS, state__in=STANDING).annotate(owed=owed)
    wrong = worth.exclude(owed=F("amount")).values_list("public_id", "amount", "owed")
    return [
        *(f"dispute {one.public_id} is settled, and nothing is owed for it" for one in no_debts),
        *(f"dispute {one.public_id} is settled by an order that was made for something else" for one in strange),
        *(f"order {one} costs {amount} and settles {owed}" for one, amount, owed in wrong),
    ]
