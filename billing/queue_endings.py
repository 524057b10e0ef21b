"""What becomes of queued plans besides their turn: taken into the line's schedule when paid, or cancelled for a refund."""

from copy import copy
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts import audit
from accounts.models import User
from billing import agreements, queueing, redemptions, refund_settlement, sales
from billing.models import Dispute, Order, QueuedPlan, QueuedPlanQuerySet, Refund
from billing.queueing import NotWaiting
from billing.refund_offers import DISPUTED, CannotRefund
from billing.refundable import Part, parts_of
from billing.taking_back import draft_all
from billing.turns import turns_of
from esim import allowances
from esim.models import ServiceState
from portal.lib.one_by_one import one_by_one

BATCH = 200
State = QueuedPlan.State
PAYER = Refund.Destination.PAYER
NEVER_PAID = (Order.State.EXPIRED, Order.State.CANCELLED)


def take_in(*, now: datetime) -> int:
    """Move auto-renewal behind what was queued and paid, and tell its buyer when it begins; return how many."""
    rows = QueuedPlan.objects.to_take_in().select_related("line", "order__owner", "order__line").order_by("pk")
    taken = one_by_one(
        rows[:BATCH],
        lambda queued: _take_in(queued, now=now),
        what="Taking a queued plan in",
        about=lambda queued: {"order": queued.order},
    )
    return sum(taken)


@transaction.atomic
def _take_in(queued: QueuedPlan, *, now: datetime) -> bool:
    if not QueuedPlan.objects.to_take_in().filter(pk=queued.pk).update(taken_in_at=now):
        return False
    agreements.follow_purchase(line=queued.line, now=now)
    order = queued.order
    turn = next((one for one in turns_of([queued.line_id], now=now)[queued.line_id] if one.queued == queued), None)
    if turn is not None:
        sales.tell(
            order,
            kind="plan_queued",
            key=f"order:{order.public_id}:queued",
            now=now,
            **sales.delivered_facts(line_id=queued.line.public_id, starts_at=turn.starts_at, ends_at=turn.ends_at),
        )
    return True


def offer_of(queued: QueuedPlan) -> list[Part]:
    """Return what its buyer gets back by cancelling a waiting plan; raises CannotRefund."""
    order = queued.order
    if Dispute.objects.holding_the_money().filter(charge__order=order).exists():
        raise CannotRefund(DISPUTED)
    # As it will be when it is cancelled: the money of an order that is still to be delivered is not free.
    cancelled = copy(order)
    cancelled.state = Order.State.REFUNDED
    return parts_of(cancelled)


def cancel(
    *,
    queued: QueuedPlan,
    goes_to: Refund.Destination,
    actor: User | None,
    ip: str | None,
    now: datetime,
) -> None:
    """Take a waiting plan out of the queue and begin to give all its money back; raises NotWaiting and CannotRefund.

    The network knows nothing of it yet, so nobody has to be asked.
    """
    with transaction.atomic():
        queueing.hold(queued.line)
        order = Order.objects.select_for_update(of=("self",)).get(pk=queued.order_id)
        if actor is not None:
            offer_of(QueuedPlan.objects.select_related("order").get(pk=queued.pk))
        _give_back(queued, order=order, goes_to=goes_to, now=now)
        subject = order.owner
        audit.record(actor=actor, subject=subject, action="queue.cancelled", target=order.public_id, ip=ip, now=now)
        allowances.remind_anew(queued.line, now=now)
        agreements.follow_return(line=queued.line, now=now)


def _give_back(queued: QueuedPlan, *, order: Order, goes_to: Refund.Destination, now: datetime) -> None:
    if not _take_out(queued, now=now):
        raise NotWaiting
    order.state = Order.State.REFUNDED
    for refund in draft_all(order, goes_to=goes_to, takes_back=False, now=now):
        # A payment too many became balance, and may be spent: that must not hold back what is due.
        refund_settlement.begin_or_fail(refund, now=now)
    redemptions.release(order, now=now)


def _take_out(queued: QueuedPlan, *, now: datetime) -> bool:
    waiting = QueuedPlan.objects.filter(pk=queued.pk, state=State.WAITING)
    paid = Order.objects.filter(pk=queued.order_id, state=Order.State.PAID, fulfil_due_at__isnull=True)
    return bool(waiting.update(state=State.CANCELLED, decided_at=now) and paid.update(state=Order.State.REFUNDED))


def dead() -> QueuedPlanQuerySet:
    """Those that will never begin: their line is closed, or the bank has taken their payment back for good.

    As long as a bank has the money and has not decided, whose it is stays open, and so does the order.
    """
    undecided = Dispute.objects.open().holding_the_money().filter(charge__order=OuterRef("order"))
    lost = Dispute.objects.filter(charge__order=OuterRef("order"), state=Dispute.State.LOST)
    closed = Q(line__service_state=ServiceState.TERMINATED)
    return QueuedPlan.objects.waiting().filter(closed | Exists(lost)).filter(~Exists(undecided))


def cancel_dead(*, now: datetime) -> list[int]:
    """Cancel what will never begin, give back what is ours to give, and return the ids of the orders.

    What was never paid leaves the queue as well: money that comes later for an order that is over is balance.
    """
    unpaid = QueuedPlan.objects.filter(state=State.WAITING, order__state__in=NEVER_PAID)
    unpaid.update(state=State.CANCELLED, decided_at=now)
    cancelled = one_by_one(
        dead().select_related("line").order_by("pk")[:BATCH],
        lambda queued: _cancel_dead(queued, now=now),
        what="Cancelling a queued plan",
        about=lambda queued: {"line": queued.line},
    )
    return [order_id for order_id in cancelled if order_id]


def _cancel_dead(queued: QueuedPlan, *, now: datetime) -> int | None:
    try:
        cancel(queued=queued, goes_to=PAYER, actor=None, ip=None, now=now)
    except NotWaiting:
        return None
    return queued.order_id
