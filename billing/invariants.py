"""What must be true of our rows whatever happened: asked by `check_invariants`, and after every fault test.

Each function returns a sentence for each thing it finds broken.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Left

from accounts.models import Notification
from billing import (
    arrears_invariants,
    invoice_invariants,
    leftover_invariants,
    offer_invariants,
    payout_invariants,
    queue_invariants,
    referral_invariants,
    refund_invariants,
    service_invariants,
    top_up_invariants,
)
from billing.models import Charge, GatewayEvent, LedgerAccount, LedgerEntry, Order, Subscription
from billing.models.ledger import MAY_TOUCH_WALLETS
from esim.models import Allowance, SimProfile
from portal.lib.crypto import DecryptionFailed

DELIVERY_DEADLINE = timedelta(hours=1)
ANSWER_DEADLINE = timedelta(days=3)
EXPIRY_DEADLINE = timedelta(days=1)
EVENT_DEADLINE = timedelta(days=1)
LEASE_DEADLINE = timedelta(hours=1)
OUTBOX_DEADLINE = timedelta(minutes=5)
FINGERPRINT_BYTES = 12
"""So many that no two of millions of codes have them in common by chance."""

PAID_FOR = [
    Order.State.PAID,
    Order.State.FULFILLING,
    Order.State.FULFILLED,
    Order.State.UNDELIVERABLE,
    Order.State.TAKING_BACK,
    Order.State.REFUNDED,
]
Entry = LedgerEntry.Kind


def broken_invariants(*, now: datetime) -> dict[str, list[str]]:
    """Return what is broken, by invariant; empty when all is well."""
    found = {name: [one for check in checks for one in check(now)] for name, checks in INVARIANTS.items()}
    return {name: sentences for name, sentences in found.items() if sentences}


def books_balance(_now: datetime) -> list[str]:
    mixed = LedgerEntry.objects.exclude(
        debit_account__currency=F("currency"), credit_account__currency=F("currency")
    ).values_list("key", flat=True)
    hidden = (
        LedgerEntry.objects.exclude(MAY_TOUCH_WALLETS)
        .filter(
            Q(debit_account__kind=LedgerAccount.Kind.WALLET) | Q(credit_account__kind=LedgerAccount.Kind.WALLET),
        )
        .values_list("key", flat=True)
    )
    wrongly_held = (
        Order.objects.annotate(
            held=_total("entries__amount", entries__credit_account__kind=LedgerAccount.Kind.HELD)
            - _total("entries__amount", entries__debit_account__kind=LedgerAccount.Kind.HELD),
            waits=Case(When(state=Order.State.PENDING, then=F("wallet_amount")), default=Value(0)),
        )
        .exclude(held=F("waits"))
        .values_list("public_id", "state", "held", "waits")
    )
    return [
        *(f"ledger entry {key} moves money between currencies" for key in mixed),
        *(f"ledger entry {key} moves a wallet's money where its owner doesn't see it" for key in hidden),
        *(f"order {one} ({state}) holds {held} instead of {waits}" for one, state, held, waits in wrongly_held),
    ]


def wallets_are_the_sum_of_their_movements(_now: datetime) -> list[str]:
    """Other accounts keep no balance of their own: it would make every sale wait for every other."""
    moved = _sum_of_entries("credit_account") - _sum_of_entries("debit_account")
    expected = Case(When(kind=LedgerAccount.Kind.WALLET, then=moved), default=Value(0))
    wrong = LedgerAccount.objects.annotate(expected=expected).filter(~Q(balance=F("expected")) | Q(expected__lt=0))
    return [
        f"account {pk} ({kind}) says {balance} where its movements say {expected}"
        for pk, kind, balance, expected in wrong.values_list("pk", "kind", "balance", "expected")
    ]


def charges_match_the_books(_now: datetime) -> list[str]:
    received = LedgerEntry.objects.filter(charge=OuterRef("pk"), kind=Entry.RECEIVED)
    exact = received.filter(amount=OuterRef("amount"), currency=OuterRef("currency"))
    paid = Q(state=Charge.State.SUCCEEDED)
    unbooked = Charge.objects.filter(paid).filter(~Exists(exact))
    unpaid = Charge.objects.exclude(paid).filter(Exists(received))
    twice = Charge.objects.annotate(times=Count("entries", filter=Q(entries__kind=Entry.RECEIVED))).filter(times__gt=1)
    unsold = (
        Order.objects.filter(state__in=PAID_FOR, amount__gt=0)
        .annotate(earned=_total("entries__amount", entries__kind__in=[Entry.SOLD, Entry.CREDITED, Entry.RECOVERED]))
        .exclude(earned=F("amount"))
        .values_list("public_id", "amount", "earned")
    )
    return [
        *(f"charge {one.public_id} succeeded and is not in the books" for one in unbooked),
        *(f"charge {one.public_id} is {one.state} and in the books" for one in unpaid),
        *(f"charge {one.public_id} is in the books twice" for one in twice),
        *(f"order {one} costs {amount} and {earned} were booked for it" for one, amount, earned in unsold),
    ]


def periods_are_sold_once(_now: datetime) -> list[str]:
    sold = Order.objects.filter(subscription__isnull=False, entries__kind=Entry.SOLD).exclude(
        Exists(LedgerEntry.objects.filter(order=OuterRef("pk"), kind=Entry.RETURNED, charge__isnull=True))
    )
    twice = sold.values("subscription__public_id", "period_index").annotate(times=Count("pk")).filter(times__gt=1)
    return [
        f"period {one['period_index']} of {one['subscription__public_id']} was sold {one['times']} times"
        for one in twice
    ]


def paid_orders_are_delivered(now: datetime) -> list[str]:
    delivered = Exists(Allowance.objects.filter(granted_for=OuterRef("public_id")))
    returned = Exists(LedgerEntry.objects.filter(order=OuterRef("pk"), kind=Entry.RETURNED))
    ours = Order.objects.exclude(kind__in=Order.Kind.BY_PAYING)
    empty = ours.filter(~delivered, state=Order.State.FULFILLED)
    kept = ours.filter(~returned, state=Order.State.UNDELIVERABLE, amount__gt=0)
    late = ours.late(now - DELIVERY_DEADLINE)
    return [
        *(f"order {one.public_id} is fulfilled and granted nothing" for one in empty),
        *(f"order {one.public_id} is undeliverable and its money was not returned" for one in kept),
        *(f"order {one.public_id} was paid at {one.paid_at} and is still {one.state}" for one in late),
    ]


def profiles_have_one_owner(_now: datetime) -> list[str]:
    # The twentieth digit of an ICCID is a check digit that some carriers leave out.
    profiles = SimProfile.objects.annotate(printed=Left("iccid", 19))
    shared = profiles.values("printed").annotate(owners=Count("line__owner", distinct=True)).filter(owners__gt=1)
    by_iccid = profiles.filter(printed__in=shared.values("printed")).order_by("printed", "pk")
    return [
        f"profiles {', '.join(profile.public_id for profile in some)} share an ICCID"
        for _iccid, some in groupby(by_iccid, key=attrgetter("printed"))
    ]


def activation_codes_have_one_owner(_now: datetime) -> list[str]:
    """Compare what is secret in memory only, by its fingerprint, and name rows, never codes."""
    seen: dict[bytes, int] = {}
    sentences = []
    profiles = SimProfile.objects.select_related("line").only("public_id", "activation_code_ciphertext", "line__owner")
    for profile in profiles.exclude(activation_code_ciphertext="").order_by("pk").iterator():
        try:
            code = profile.activation_code
        except DecryptionFailed:
            sentences.append(f"profile {profile.public_id} holds an activation code that cannot be read")
            continue
        first = seen.setdefault(blake2b(code.encode(), digest_size=FINGERPRINT_BYTES).digest(), profile.pk)
        if first != profile.pk and (other := profiles.get(pk=first)).line.owner_id != profile.line.owner_id:
            sentences.append(f"profiles {other.public_id} and {profile.public_id} share an activation code")
    return sentences


def nothing_is_stuck(now: datetime) -> list[str]:
    charges = Charge.objects.open().filter(created_at__lt=now - ANSWER_DEADLINE)
    orders = Order.objects.unpaid_past_deadline(now - EXPIRY_DEADLINE)
    renewals = Subscription.objects.filter(state=Subscription.State.IN_FLIGHT, lease_until__lt=now - LEASE_DEADLINE)
    events = GatewayEvent.objects.to_apply(now).filter(received_at__lt=now - EVENT_DEADLINE)
    return [
        *(f"charge {one.public_id} is still {one.state}" for one in charges),
        *(f"order {one.public_id} was neither paid nor ended" for one in orders),
        *(f"auto-renewal {one.public_id} is being charged under a lease that ended" for one in renewals),
        *(f"gateway event {one.event_id} has not been applied: {one.error}" for one in events),
    ]


def notices_leave(now: datetime) -> list[str]:
    late = Q(state=Notification.State.QUEUED, due_at__lt=now - OUTBOX_DEADLINE)
    orphaned = Q(state=Notification.State.SENDING, lease_until__lt=now - OUTBOX_DEADLINE)
    return [
        f"notice {one.public_id} ({one.kind}) did not leave" for one in Notification.objects.filter(late | orphaned)
    ]


INVARIANTS: dict[str, list[Callable[[datetime], list[str]]]] = {
    "I1": [
        books_balance,
        refund_invariants.open_money_is_accounted_for,
        leftover_invariants.leftovers_match_the_books,
        payout_invariants.payouts_match_the_books,
        payout_invariants.by_hand_is_accounted_for,
    ],
    "I2": [wallets_are_the_sum_of_their_movements],
    "I3": [charges_match_the_books, refund_invariants.refunds_match_the_books],
    "I4": [
        periods_are_sold_once,
        top_up_invariants.purchases_of_rules_are_sold_once,
        top_up_invariants.limits_are_kept,
    ],
    "I5": [paid_orders_are_delivered, refund_invariants.undone_orders_are_undone],
    "I6": [profiles_have_one_owner, activation_codes_have_one_owner],
    "I7": [offer_invariants.coupons_are_used_within_limits, offer_invariants.redemptions_fit_their_orders],
    "I8": [nothing_is_stuck, refund_invariants.no_refund_is_stuck, top_up_invariants.no_rule_is_stuck],
    "I9": [notices_leave],
    "I10": [invoice_invariants.numbers_follow_each_other, invoice_invariants.invoices_match_what_was_sold],
    "I13": [referral_invariants.rewards_match_the_books],
    "I12": [queue_invariants.waiting_plans_wait, queue_invariants.turns_are_taken],
    "I14": [arrears_invariants.debts_are_settled_by_what_pays_them],
    "I11": [service_invariants.paid_time_is_honoured, service_invariants.no_change_of_service_is_stuck],
}


def _total(field: str, **conditions: object) -> Coalesce:
    return Coalesce(Sum(field, filter=Q(**conditions)), 0)


def _sum_of_entries(side: str) -> Coalesce:
    entries = LedgerEntry.objects.filter(MAY_TOUCH_WALLETS, **{side: OuterRef("pk")}).order_by().values(side)
    total = entries.annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=IntegerField()), 0)
