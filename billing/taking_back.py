"""Undoing an order: the plan is taken back first, then the money goes back.

1. Commit that it is being undone: the plan counts for nothing from here on, the refunds are written down.
2. Ask the network, outside any transaction; it may say no, or nothing, and is then asked again.
3. Commit the outcome: the money is on its way, or the order stands as it did.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts import audit
from accounts.models import User
from billing import agreements, paid_for_others, refund_settlement, sales
from billing.ledger import InsufficientBalance
from billing.models import Order, OrderQuerySet, Refund, Subscription
from billing.refund_offers import (
    BEING_RENEWED,
    NETWORK_SILENT,
    NO_PLAN,
    OBSTACLES,
    SPENT,
    AlreadyUndone,
    CannotRefund,
    is_being_bought_for,
    refund_offer,
)
from billing.refundable import CannotGiveBack, parts_of
from esim import taking_back, usage
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line
from esim.taking_back import CannotTakeBack
from plans.models import Plan

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may run
# By the order's attempts, of which delivering it took the first.
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 1, 5, 30, 60)]
State = Order.State


def undo(
    *,
    order: Order,
    goes_to: Refund.Destination,
    ip: str | None,
    carrier: Carrier,
    within: timedelta,
    now: datetime,
) -> None:
    """Begin to undo an order for its buyer, while nothing of it was used; raises CannotRefund.

    The network is asked what was used just now: its reports come late.
    """
    order.refresh_from_db(fields=["state", "confirmed_at", "line"])
    refund_offer(order=order, carrier=carrier, within=within, now=now)
    if order.line is not None:
        try:
            usage.poll_line(line=order.line, carrier=carrier, now=now)
        except (CarrierRefused, OutcomeUnknown) as error:
            raise CannotRefund(NETWORK_SILENT) from error
    with transaction.atomic():
        locked = lock(order)
        # Again: while the network was asked, a bank may have taken the money.
        refund_offer(order=locked, carrier=carrier, within=within, now=now)
        refunds = draft_all(locked, goes_to=goes_to, now=now)
        start(order=locked, refunds=refunds, now=now)
        audit.record(
            actor=order.owner, subject=order.owner, action="order.refunded", target=order.public_id, ip=ip, now=now
        )


def lock(order: Order) -> Order:
    """Hold an order that is delivered, and its line; raises AlreadyUndone where it is not, or no more.

    The line first, as where plans are delivered and usage is counted.
    """
    list(Line.objects.select_for_update(of=("self",)).filter(orders=order))
    locked = Order.objects.select_for_update(of=("self",)).select_related("owner", "line", "plan").get(pk=order.pk)
    if locked.state != State.FULFILLED:
        raise AlreadyUndone
    return locked


def start(*, order: Order, refunds: Sequence[Refund], now: datetime) -> None:
    """Commit that an order is being undone, with its refunds; raises CannotRefund.

    Inside the caller's transaction, which has the order from `lock`. Money that was added to the balance needs no
    network: it leaves the balance at once.
    """
    if order.kind == Order.Kind.ARREARS:
        raise CannotRefund(NO_PLAN)
    if order.line is None:
        Order.objects.filter(pk=order.pk, state=State.FULFILLED).update(state=State.REFUNDED)
        _begin(refunds, now=now)
        return
    if is_being_bought_for(order):
        raise CannotRefund(BEING_RENEWED)
    try:
        taking_back.reserve(line=order.line, purchase_id=order.public_id, only_unused=_only_unused(refunds), now=now)
    except CannotTakeBack as refusal:
        raise CannotRefund(OBSTACLES[refusal.obstacle]) from refusal
    Order.objects.filter(pk=order.pk, state=State.FULFILLED).update(state=State.TAKING_BACK, lease_until=now)
    for refund in refunds:
        refund_settlement.move(refund, to=Refund.State.TAKING_BACK, source={Refund.State.REQUESTED})


def draft_all(order: Order, *, goes_to: Refund.Destination, takes_back: bool = True, now: datetime) -> list[Refund]:
    """Write the refunds of all that was paid for an order; raises CannotRefund."""
    parts = parts_of(order)
    if goes_to == Refund.Destination.BALANCE:
        # Where an order was paid twice, the second payment is balance already, and stays so.
        parts = [part for part in parts if part.taken_from != Refund.Source.WALLET] or parts
    try:
        return [
            refund_settlement.draft(
                part,
                order=order,
                money=part.money,
                goes_to=goes_to,
                reason=Refund.Reason.UNUSED,
                takes_back=takes_back,
                requested_by=order.owner,
                now=now,
            )
            for part in parts
        ]
    except CannotGiveBack as problem:
        raise CannotRefund(problem.sentence) from problem


def take_back_due(*, carrier: Carrier, now: datetime, limit: int = 50) -> list[Order]:
    """Go on with the orders that nobody works on and return those that are undone now."""
    due = Order.objects.to_take_back(now).order_by("lease_until", "pk").values_list("pk", flat=True)[:limit]
    undone = []
    for order_id in due:
        try:
            order = take_back(order_id=order_id, carrier=carrier, now=now)
        except Exception:
            logger.exception("Order %s was not taken back; it is tried again when its lease ends", order_id)
        else:
            undone += [order] if order.state == State.REFUNDED else []
    return undone


def take_back(*, order_id: int, carrier: Carrier, now: datetime) -> Order:
    """Ask the network to take an order's plan back, and record its answer."""
    order = _claim(order_id, now=now)
    if order is None or order.line is None:
        return Order.objects.get(pk=order_id)
    only_unused = _only_unused(order.refunds.filter(state=Refund.State.TAKING_BACK))
    try:
        taking_back.ask_network(line=order.line, purchase_id=order.public_id, only_unused=only_unused, carrier=carrier)
    except CarrierRefused as refusal:
        return _leave_standing(order, reason=refusal.reason, now=now)
    except OutcomeUnknown:
        return _ask_again_later(order, now=now)
    return _complete(order, now=now)


def _claim(order_id: int, *, now: datetime) -> Order | None:
    claimed = Order.objects.to_take_back(now).filter(pk=order_id)
    if not claimed.update(lease_until=now + LEASE, fulfil_attempts=F("fulfil_attempts") + 1):
        return None
    return Order.objects.select_related("owner", "line", "plan").get(pk=order_id)


def _still_ours(order: Order) -> OrderQuerySet:
    return Order.objects.filter(pk=order.pk, state=State.TAKING_BACK, fulfil_attempts=order.fulfil_attempts)


@transaction.atomic
def _complete(order: Order, *, now: datetime) -> Order:
    list(Line.objects.select_for_update(of=("self",)).filter(orders=order))
    if _still_ours(order).update(state=State.REFUNDED, lease_until=None) and order.line is not None:
        refunds = list(order.refunds.filter(state=Refund.State.TAKING_BACK).select_related("charge__method"))
        taking_back.close(line=order.line, purchase_id=order.public_id, now=now)
        paid_for_others.tell_taken_back(order, line=order.line, now=now)
        _end_auto_renewal(order, asked_by=refunds[0].requested_by if refunds else None, now=now)
        for refund in refunds:
            # Whatever becomes of the money: the network has taken the plan back, and is not asked again.
            refund_settlement.begin_or_fail(refund, now=now)
    return Order.objects.get(pk=order.pk)


@transaction.atomic
def _leave_standing(order: Order, *, reason: str, now: datetime) -> Order:
    note = f"The network would not take it back: {reason}"[:300]
    if _still_ours(order).update(state=State.FULFILLED, lease_until=None, note=note):
        taking_back.restore(purchase_id=order.public_id)
        for refund in order.refunds.filter(state=Refund.State.TAKING_BACK):
            refund_settlement.call_off(refund, why=note, now=now)
        key = f"order:{order.public_id}:not-taken-back:{order.fulfil_attempts}"
        sales.tell(order, kind="refund_refused", key=key, now=now)
    return Order.objects.get(pk=order.pk)


def _ask_again_later(order: Order, *, now: datetime) -> Order:
    delay = BACK_OFF[min(order.fulfil_attempts, len(BACK_OFF)) - 1]
    _still_ours(order).update(lease_until=now + delay)
    return Order.objects.get(pk=order.pk)


def _begin(refunds: Sequence[Refund], *, now: datetime) -> None:
    try:
        for refund in refunds:
            refund_settlement.begin(refund, now=now)
    except InsufficientBalance as error:
        raise CannotRefund(SPENT) from error


def _only_unused(refunds: Iterable[Refund]) -> bool:
    """Tell whether the refunds were promised for what was not used; the network then has to agree."""
    return all(refund.reason == Refund.Reason.UNUSED for refund in refunds)


def _end_auto_renewal(order: Order, *, asked_by: User | None, now: datetime) -> None:
    """Turn auto-renewal off where the plan it continues is gone: it would buy that plan again."""
    subscription = Subscription.objects.filter(line=order.line_id).select_related("line__owner").first()
    if subscription is not None and subscription.line.owner_id != order.owner_id:
        # Who paid for somebody else's line does not decide about what its owner agreed to.
        agreements.follow_return(line=subscription.line, now=now)
        return
    if subscription is not None and order.plan is not None and order.plan.kind == Plan.Kind.PLAN:
        agreements.turn_off(subscription=subscription, actor=asked_by, ip=None, now=now)
