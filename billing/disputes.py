"""Payments that their payer calls wrong at the bank: what is at stake is held until the bank has decided."""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from billing import dispute_books, sales
from billing.agreements import with_time_to_tell
from billing.gateways.base import DisputeReport, DisputeState, OutcomeUnknown, PaymentGateway
from billing.models import Charge, Dispute, DisputeQuerySet, GatewayEvent, Order, Refund, Subscription
from billing.refundable import Source, source_of
from billing.refunds import charge_of_transaction
from billing.schedule import last_paid, realigned
from billing.verdicts import Reason
from portal.lib.money import Money
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(days=1)
REPORTED = (
    "charge",
    "state",
    "reason",
    "respond_by",
    "is_withdrawn",
    "withdrawals",
    "credited_amount",
    "frozen_amount",
    "closed_at",
)
"""What a report changes of a dispute: who settles it is written meanwhile by others, who hold the dispute alone."""
State = Dispute.State


def hear(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool:
    """Record the dispute a notice is about; return False where it is about nothing of ours."""
    report = gateway.look_up_dispute(event.payment_id)
    charge = charge_of_transaction(report.transaction_id, gateway=gateway) if report else None
    if report is None or charge is None:
        return False
    record(charge=charge, report=report, now=now)
    return True


def to_ask_about(*, gateway: PaymentGateway, now: datetime) -> DisputeQuerySet:
    """Return the open disputes at this gateway whose next look is due, longest waiting first."""
    return Dispute.objects.to_ask_about(now).filter(gateway=gateway.name).order_by("check_due_at", "pk")


def settle_disputes(*, gateway: PaymentGateway, now: datetime, limit: int = 100, in_time: InTime = always) -> int:
    """Ask about the open disputes once a day and return how many are decided now."""
    decided = 0
    for dispute in to_ask_about(gateway=gateway, now=now).select_related("charge")[:limit]:
        if not in_time():
            break
        try:
            decided += _ask(dispute, gateway=gateway, now=now).state != State.OPEN
        except Exception:
            logger.exception("Dispute %s could not be asked about; it is tried again", dispute.public_id)
    return decided


@transaction.atomic
def record(*, charge: Charge, report: DisputeReport, now: datetime) -> Dispute:
    """Record what the gateway says about a dispute; the same again, or something older, changes nothing.

    Opened: what of the charge became balance is frozen, auto-renewal of its line pauses. Won: both go on. Lost: the
    frozen balance is used up, and what it does not cover is our loss. Nothing is given back by itself.
    """
    order = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(pk=charge.order_id)
    charge = Charge.objects.select_for_update().get(pk=charge.pk)
    charge.order = order
    dispute, is_opened = Dispute.objects.get_or_create(
        gateway=charge.gateway,
        gateway_dispute_id=report.dispute_id,
        defaults={
            "charge": charge,
            "currency": report.money.currency,
            "amount": report.money.minor,
            "check_due_at": now + ASK_AGAIN,
            "created_at": now,
        },
    )
    dispute.charge = charge
    if is_opened:
        _open(dispute, now=now)
    if dispute.state == State.OPEN:
        dispute.reason, dispute.respond_by = report.reason[:60], report.respond_by
    if dispute.state != State.LOST:
        _follow_money(dispute, is_withdrawn=report.withdrawn, now=now)
    if dispute.state == State.OPEN and report.state != DisputeState.OPEN:
        _close(dispute, is_won=report.state == DisputeState.WON, now=now)
    dispute.save(update_fields=REPORTED)
    return dispute


def _ask(dispute: Dispute, *, gateway: PaymentGateway, now: datetime) -> Dispute:
    Dispute.objects.filter(pk=dispute.pk).update(check_due_at=now + ASK_AGAIN)
    try:
        report = gateway.look_up_dispute(dispute.gateway_dispute_id)
    except OutcomeUnknown:
        return dispute
    return record(charge=dispute.charge, report=report, now=now) if report else dispute


def _open(dispute: Dispute, *, now: datetime) -> None:
    charge, order = dispute.charge, dispute.charge.order
    if dispute.currency == charge.currency:
        most = min(dispute.money, _became_balance(charge))
        dispute.credited_amount = most.minor
        dispute.frozen_amount = dispute_books.freeze(dispute, most, now=now).minor
    # What somebody else paid, and their bank takes back, says nothing of the owner's own card.
    if order.line is not None and order.line.owner_id == order.owner_id and not charge.by_link:
        standing = [Subscription.State.ACTIVE, Subscription.State.PAST_DUE]
        Subscription.objects.on().filter(line=order.line, state__in=standing).update(
            state=Subscription.State.PAUSED, reason=Reason.DISPUTED
        )
    _tell(dispute, kind="dispute_opened", now=now)
    logger.warning("Charge %s is disputed (%s); staff have to answer the bank", charge.public_id, dispute.public_id)


def _became_balance(charge: Charge) -> Money:
    """Return how much of a charge was turned into balance and did not go back to the payer since."""
    if source_of(charge, order=charge.order) == Source.WALLET:
        return charge.money - charge.refunded
    given = charge.refunds.filter(goes_to=Refund.Destination.BALANCE, state=Refund.State.SUCCEEDED)
    return sum((refund.money for refund in given), Money.zero(charge.currency))


def _follow_money(dispute: Dispute, *, is_withdrawn: bool, now: datetime) -> None:
    if is_withdrawn == dispute.is_withdrawn:
        return
    if is_withdrawn:
        dispute.withdrawals += 1
        dispute_books.book_withdrawn(dispute, now=now)
    else:
        dispute_books.book_reinstated(dispute, now=now)
    dispute.is_withdrawn = is_withdrawn


def _close(dispute: Dispute, *, is_won: bool, now: datetime) -> None:
    dispute.state = State.WON if is_won else State.LOST
    dispute.closed_at = now
    if dispute.state == State.LOST and dispute.is_withdrawn:
        dispute_books.book_lost(dispute, now=now)
    else:
        dispute_books.unfreeze(dispute, now=now)
    if is_won:
        _resume(dispute, now=now)
    _tell(dispute, kind="dispute_closed", now=now, outcome=dispute.state)
    logger.warning("Dispute %s of charge %s is %s", dispute.public_id, dispute.charge.public_id, dispute.state)


def _resume(dispute: Dispute, *, now: datetime) -> None:
    """Let auto-renewal go on, unless another payment of the line is disputed; without paid time it is turned off."""
    line = dispute.charge.order.line
    others = Dispute.objects.open().filter(charge__order__line=line).exclude(pk=dispute.pk)
    paused = Subscription.objects.filter(line=line, state=Subscription.State.PAUSED, reason=Reason.DISPUTED)
    subscription = paused.select_related("plan", "line").first()
    if line is None or subscription is None or others.exists():
        return
    paid = last_paid([line.pk], now=now).get(line.pk)
    if paid is None:
        # Going on would charge at once, for a plan that has lapsed.
        paused.update(mode=Subscription.Mode.OFF, state=Subscription.State.ACTIVE, reason="")
        return
    schedule = realigned(subscription, paid=paid, next_index=subscription.period_index)
    # Nobody was told of the next charge while none was to be made.
    schedule = with_time_to_tell(schedule, of=subscription, paid=paid, now=now)
    paused.update(state=Subscription.State.ACTIVE, declines=0, reason="", **asdict(schedule))


def _tell(dispute: Dispute, *, kind: str, now: datetime, **extra: str) -> None:
    sales.tell(
        dispute.charge.order,
        kind=kind,
        key=f"dispute:{dispute.public_id}:{kind}",
        money=Money(dispute.amount, dispute.currency),
        now=now,
        **extra,
    )
