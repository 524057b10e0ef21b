"""What must be true of refunds and disputes whatever happened; part of `invariants`."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Concat

from billing.models import Charge, Dispute, LedgerAccount, LedgerEntry, Order, Refund
from esim.models import Allowance

SENDING_DEADLINE = timedelta(days=3)
BANKING_DEADLINE = timedelta(days=30)
LEASE_DEADLINE = timedelta(hours=2)
State = Refund.State

# What stands in the books for a refund: begun, arrived, failed.
NOTHING = (False, False, False)
BOOKED = {
    **dict.fromkeys([*State.UNDECIDED, State.REFUSED], (NOTHING,)),
    **dict.fromkeys(State.ON_ITS_WAY, ((True, False, False),)),
    # What goes to the balance is there as soon as it begins.
    State.SUCCEEDED: ((True, True, False), (False, True, False)),
    # It failed before it began, on its way, or after it had arrived.
    State.FAILED: (NOTHING, (True, False, True), (True, True, True)),
}


def open_money_is_accounted_for(_now: datetime) -> list[str]:
    """Compare the accounts of money under way with the rows that say why it is there."""
    kind = LedgerAccount.Kind
    refunds = Refund.objects.at_the_gateway()
    frozen = Dispute.objects.open()
    withdrawn = Dispute.objects.exclude(state=Dispute.State.LOST).filter(is_withdrawn=True)
    return [
        *differences(kind.REFUNDING, sign=1, expected=refunds.values_list("currency").annotate(Sum("amount"))),
        *differences(kind.FROZEN, sign=1, expected=frozen.values_list("currency").annotate(Sum("frozen_amount"))),
        *differences(kind.DISPUTED, sign=-1, expected=withdrawn.values_list("currency").annotate(Sum("amount"))),
    ]


def refunds_match_the_books(_now: datetime) -> list[str]:
    refunds = Refund.objects.annotate(
        begun=_is_booked("begun"), arrived=_is_booked("refunded"), failed=_is_booked("failed")
    ).values_list("public_id", "state", "begun", "arrived", "failed")
    live = ~Q(refunds__state__in=State.WITHOUT_EFFECT)
    given = Coalesce(Sum("refunds__amount", filter=live), 0)
    charges = Charge.objects.filter(Q(refunded_amount__gt=0) | Exists(Refund.objects.filter(charge=OuterRef("pk"))))
    of_balance = Coalesce(Sum("refunds__amount", filter=live & Q(refunds__charge__isnull=True)), 0)
    orders = Order.objects.filter(wallet_amount__gt=0).annotate(given=of_balance)
    wrongly_counted = [
        *charges.annotate(given=given).exclude(given=F("refunded_amount")).values_list("public_id", flat=True),
        *orders.exclude(given=F("refunded_wallet_amount")).values_list("public_id", flat=True),
    ]
    return [
        *(
            f"refund {one} is {state}, and the books say otherwise"
            for one, state, *booked in refunds.iterator()
            if tuple(booked) not in BOOKED[State(state)]
        ),
        *(f"{one} counts refunds it does not have" for one in wrongly_counted),
    ]


def undone_orders_are_undone(_now: datetime) -> list[str]:
    """Whoever gave a plan back has it no more and gets all the money, as far as no bank decides about that."""
    has_plan = Exists(Allowance.objects.standing().filter(granted_for=OuterRef("public_id")))
    is_disputed = Exists(Dispute.objects.filter(charge__order=OuterRef("pk")))
    # A failed refund is staff's to solve; one that was tried again counts by its last try.
    counted = ~Q(refunds__state=State.REFUSED) & Q(refunds__tried_again__isnull=True)
    undone = Order.objects.filter(state=Order.State.REFUNDED)
    unpaid = undone.filter(~is_disputed).annotate(given=Coalesce(Sum("refunds__amount", filter=counted), 0))
    return [
        *(f"order {one.public_id} is undone and its plan still there" for one in undone.filter(has_plan)),
        *(
            f"order {one.public_id} is undone and not all of it refunded"
            for one in unpaid.filter(given__lt=F("amount"))
        ),
    ]


def no_refund_is_stuck(now: datetime) -> list[str]:
    unsent = Q(state__in=[State.CREATED, State.UNKNOWN], created_at__lt=now - SENDING_DEADLINE)
    unheard = Q(state=State.PENDING, created_at__lt=now - BANKING_DEADLINE)
    return [
        *(f"refund {one.public_id} is still {one.state}" for one in Refund.objects.filter(unsent | unheard)),
        *(
            f"order {one.public_id} is being taken back, and nobody works on it"
            for one in Order.objects.to_take_back(now - LEASE_DEADLINE)
        ),
    ]


def differences(kind: LedgerAccount.Kind, *, sign: int, expected: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield a sentence for each currency in which accounts of a kind hold something else than is expected."""
    wanted = {currency: total for currency, total in expected if total}
    moved: dict[str, int] = {}
    for side, factor in (("credit_account", sign), ("debit_account", -sign)):
        sums = LedgerEntry.objects.filter(**{f"{side}__kind": kind}).values_list("currency").annotate(Sum("amount"))
        for currency, total in sums:
            moved[currency] = moved.get(currency, 0) + factor * total
    for currency in sorted(wanted.keys() | moved.keys()):
        if moved.get(currency, 0) != wanted.get(currency, 0):
            yield f"{kind} holds {moved.get(currency, 0)} {currency} where the rows say {wanted.get(currency, 0)}"


def _is_booked(fact: str) -> Exists:
    key = Concat(Value("refund:"), OuterRef("public_id"), Value(f":{fact}"))
    exact = LedgerEntry.objects.filter(key=key, amount=OuterRef("amount"), currency=OuterRef("currency"))
    return Exists(exact)
