"""What happens to a payment at the sandbox, whoever moves it: the payer on its page, or the portal by its calls."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from billing.gateways import sandbox_cards
from billing.gateways.base import KeptCard, Movement, PaymentResult, PaymentState
from billing.gateways.sandbox_cards import AUTHENTICATE, LATER, PAID, SandboxTestCard
from billing.models import SandboxCard, SandboxPayment
from portal.lib.money import Money

LATER_MEANS = timedelta(seconds=20)
State = SandboxPayment.State
UNDECIDED = frozenset({State.PREPARED, State.OPEN})
PAYER_DECIDES = UNDECIDED | {State.NEEDS_AUTHENTICATION}

RESULTS = {
    State.PREPARED: PaymentState.PREPARED,
    State.OPEN: PaymentState.PENDING,
    State.PROCESSING: PaymentState.PENDING,
    State.NEEDS_AUTHENTICATION: PaymentState.NEEDS_ACTION,
    State.SUCCEEDED: PaymentState.SUCCEEDED,
    State.DECLINED: PaymentState.DECLINED,
    State.ABANDONED: PaymentState.ABANDONED,
}


def payment_of(key: str, *, money: Money, **columns: Any) -> SandboxPayment:
    """Return the payment of an idempotency key, made at the first asking."""
    payment, _made = SandboxPayment.objects.select_related("card").get_or_create(
        idempotency_key=key,
        defaults={
            "reference": f"pay_{secrets.token_urlsafe(18)}",
            "currency": money.currency,
            "amount": money.minor,
            **columns,
        },
    )
    return payment


def page_url(payment: SandboxPayment) -> str:
    """Return where the payer goes on; without a host, because the sandbox lives on the portal itself."""
    step = "sandbox_confirm" if payment.state == State.NEEDS_AUTHENTICATION else "sandbox_pay"
    return reverse(f"billing:{step}", args=[payment.reference])


def result_of(payment: SandboxPayment) -> PaymentResult:
    state = State(payment.state)
    keeps = payment.keep_card and state == State.SUCCEEDED and payment.card is not None
    return PaymentResult(
        state=RESULTS[state],
        payment_id=payment.reference,
        money=payment.money,
        decline_code=payment.decline_code,
        card=kept_card(payment.card) if keeps and payment.card else None,
        next_url=page_url(payment) if state == State.NEEDS_AUTHENTICATION else "",
        transaction_id=payment.reference,
        paid_with="" if state in PAYER_DECIDES else "card",
        customer=payment.customer,
        # All test cards of a number are one card, as at any bank.
        fingerprint=payment.last_four or (payment.card.last_four if payment.card else ""),
    )


def kept_card(card: SandboxCard) -> KeptCard:
    return KeptCard(
        reference=card.reference,
        customer=card.customer,
        brand=card.brand,
        last_four=card.last_four,
        expires_month=card.expires_month,
        expires_year=card.expires_year,
    )


@transaction.atomic
def pay_with(payment: SandboxPayment, card: SandboxTestCard, *, keep: bool) -> None:
    """Let the payer pay on the page with a test card; nobody keeps one who is no customer, as who pays by a link."""
    keep = keep and bool(payment.customer)
    kept = _keep(card, customer=payment.customer) if keep and card.on_page in {PAID, LATER, AUTHENTICATE} else None
    SandboxPayment.objects.filter(pk=payment.pk, state=State.OPEN).update(
        card=kept, keep_card=keep, last_four=card.last_four
    )
    conclude(payment, card.on_page)


def conclude(payment: SandboxPayment, outcome: str) -> None:
    """Let the bank say what it says; a payment that is decided stays as it is."""
    match outcome:
        case sandbox_cards.PAID:
            move(payment, to=State.SUCCEEDED, source=UNDECIDED)
        case sandbox_cards.LATER:
            move(payment, to=State.PROCESSING, source=UNDECIDED, completes_at=timezone.now() + LATER_MEANS)
        case sandbox_cards.AUTHENTICATE:
            move(payment, to=State.NEEDS_AUTHENTICATION, source=UNDECIDED, decline_code=outcome)
        case code:
            move(payment, to=State.DECLINED, source=UNDECIDED, decline_code=code)


def answer_authentication(payment: SandboxPayment, *, confirmed: bool) -> None:
    """Let the payer confirm the payment with the bank, or refuse to."""
    source = frozenset({State.NEEDS_AUTHENTICATION})
    if confirmed:
        move(payment, to=State.SUCCEEDED, source=source, decline_code="")
    else:
        move(payment, to=State.DECLINED, source=source, decline_code="authentication_refused")


def complete_if_due(payment: SandboxPayment, *, now: datetime) -> None:
    """Let a payment that takes its time succeed when the time has come."""
    if payment.completes_at is not None and payment.completes_at <= now:
        move(payment, to=State.SUCCEEDED, source=frozenset({State.PROCESSING}))


def complete_due(*, now: datetime) -> None:
    """Let every payment succeed that took its time and whose time has come."""
    for payment in SandboxPayment.objects.filter(state=State.PROCESSING, completes_at__lte=now):
        complete_if_due(payment, now=now)


def movements(*, since: datetime, until: datetime) -> Iterator[Movement]:
    """Yield the money that payers paid from `since` on and before `until`, oldest first."""
    paid = SandboxPayment.objects.filter(purpose=SandboxPayment.Purpose.PAYMENT, state=State.SUCCEEDED)
    for payment in paid.filter(moved_at__gte=since, moved_at__lt=until).order_by("moved_at", "pk").iterator():
        yield Movement(id=payment.reference, money=payment.money, at=payment.moved_at, key=payment.idempotency_key)


def move(payment: SandboxPayment, *, to: str, source: frozenset[str], **columns: Any) -> None:
    moved = SandboxPayment.objects.filter(pk=payment.pk, state__in=source)
    moved.update(state=to, moved_at=timezone.now(), **columns)
    payment.refresh_from_db()


def _keep(card: SandboxTestCard, *, customer: str) -> SandboxCard:
    """Keep a card once for a customer, as gateways know it by its fingerprint."""
    known = SandboxCard.objects.filter(customer=customer, last_four=card.last_four, outcome=card.when_kept).first()
    return known or SandboxCard.objects.create(
        reference=f"card_{secrets.token_hex(12)}",
        customer=customer,
        brand=card.brand,
        last_four=card.last_four,
        expires_month=12,
        expires_year=timezone.now().year + 4,
        outcome=card.when_kept,
    )
