"""Money that leaves the sandbox again: given back by the shop, or withdrawn because a payer disputes it."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from billing.gateways.base import (
    DisputeReport,
    DisputeState,
    GatewayRefused,
    Movement,
    RefundRequest,
    RefundResult,
    RefundState,
)
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR, LATER, PAID
from billing.models import SandboxDispute, SandboxPayment, SandboxRefund

LATER_MEANS = timedelta(seconds=20)
TIME_TO_ANSWER = timedelta(days=7)
State = SandboxRefund.State

RESULTS = {
    State.PROCESSING: RefundState.PENDING,
    State.SUCCEEDED: RefundState.SUCCEEDED,
    State.FAILED: RefundState.FAILED,
}


@transaction.atomic
def refund(request: RefundRequest) -> SandboxRefund:
    """Return the refund of an idempotency key, made at the first asking; raises GatewayRefused."""
    # One refund of a payment at a time: the next one sees what this one leaves.
    payment = SandboxPayment.objects.select_for_update().filter(reference=request.transaction_id).first()
    made = SandboxRefund.objects.filter(idempotency_key=request.key).select_related("payment").first()
    if made is not None:
        return made
    if payment is None or payment.state != SandboxPayment.State.SUCCEEDED:
        raise GatewayRefused(f"No such payment was taken: {request.transaction_id}.")
    if SandboxDispute.objects.filter(payment=payment, is_withdrawn=True).exists():
        raise GatewayRefused("charge_disputed")
    given = payment.refunds.exclude(state=State.FAILED).aggregate(total=Sum("amount"))["total"] or 0
    if request.money.currency != payment.currency or given + request.money.minor > payment.amount:
        raise GatewayRefused("More than what is left of the payment.")
    is_at_once = _outcome(payment) == PAID
    return SandboxRefund.objects.create(
        reference=f"ref_{secrets.token_urlsafe(18)}",
        idempotency_key=request.key,
        payment=payment,
        amount=request.money.minor,
        state=State.SUCCEEDED if is_at_once else State.PROCESSING,
        completes_at=None if is_at_once else timezone.now() + LATER_MEANS,
    )


def complete_refunds(*, now: datetime) -> None:
    """Let the refunds whose time has come arrive, or fail."""
    for one in SandboxRefund.objects.filter(state=State.PROCESSING, completes_at__lte=now).select_related("payment"):
        outcome = _outcome(one.payment)
        arrives = outcome in {PAID, LATER}
        SandboxRefund.objects.filter(pk=one.pk, state=State.PROCESSING).update(
            state=State.SUCCEEDED if arrives else State.FAILED, reason="" if arrives else outcome, moved_at=now
        )


def find_refund(*, refund_id: str, key: str) -> SandboxRefund | None:
    known = {"reference": refund_id} if refund_id else {"idempotency_key": key}
    return SandboxRefund.objects.filter(**known).select_related("payment").first()


def result_of(one: SandboxRefund) -> RefundResult:
    return RefundResult(
        state=RESULTS[State(one.state)],
        refund_id=one.reference,
        transaction_id=one.payment.reference,
        money=one.money,
        key=one.idempotency_key,
        reason=one.reason,
    )


def movements(*, since: datetime, until: datetime) -> Iterator[Movement]:
    """Yield the money that payers got back from `since` on and before `until`, oldest first."""
    arrived = SandboxRefund.objects.filter(state=State.SUCCEEDED, moved_at__gte=since, moved_at__lt=until)
    for one in arrived.select_related("payment").order_by("moved_at", "pk").iterator():
        yield Movement(id=one.reference, money=one.money, at=one.moved_at, key=one.idempotency_key, is_refund=True)


def open_dispute(payment: SandboxPayment, *, reason: str, now: datetime) -> SandboxDispute:
    """Let the payer tell the bank that a payment was wrong; the bank withdraws what was not given back."""
    given = payment.refunds.exclude(state=State.FAILED).aggregate(total=Sum("amount"))["total"] or 0
    left = payment.amount - given
    dispute, _made = SandboxDispute.objects.get_or_create(
        payment=payment,
        defaults={
            "reference": f"dsp_{secrets.token_urlsafe(18)}",
            "amount": left or payment.amount,
            "reason": reason,
            # What was given back in full can't be withdrawn as well: the bank only asks about it.
            "is_withdrawn": bool(left),
            "respond_by": now + TIME_TO_ANSWER,
            "created_at": now,
            "moved_at": now,
        },
    )
    return dispute


def decide_dispute(dispute: SandboxDispute, *, is_won: bool, now: datetime) -> None:
    """Let the bank decide; won, it gives back what it had withdrawn."""
    undecided = SandboxDispute.objects.filter(pk=dispute.pk, state=SandboxDispute.State.OPEN)
    if is_won:
        undecided.update(state=SandboxDispute.State.WON, is_withdrawn=False, moved_at=now)
    else:
        undecided.update(state=SandboxDispute.State.LOST, moved_at=now)


def report_of(dispute: SandboxDispute) -> DisputeReport:
    return DisputeReport(
        dispute_id=dispute.reference,
        transaction_id=dispute.payment.reference,
        money=dispute.money,
        state=DisputeState(dispute.state),
        withdrawn=dispute.is_withdrawn,
        reason=dispute.reason,
        respond_by=dispute.respond_by,
    )


def _outcome(payment: SandboxPayment) -> str:
    """Return what giving money back to this payer's card does: it arrives at once, later, or fails."""
    last_four = payment.card.last_four if payment.card else payment.last_four
    card = CARDS_BY_LAST_FOUR.get(last_four)
    return card.when_refunded if card else PAID
