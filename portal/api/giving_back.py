"""Ending an order: cancelling what is not paid, giving back what was not used or waits its turn."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ, ORDERS_WRITE
from accounts.http import client_ip
from billing import expiry, gateways, queue_endings, taking_back, undelivered
from billing.models import Order, QueuedPlan, Refund
from billing.queueing import NotWaiting
from billing.refund_offers import AlreadyUndone, CannotRefund, refund_offer
from billing.refund_words import can_be_balance
from billing.refundable import Part
from billing.tasks import nudge, return_money
from esim import carriers
from portal.api.door import ApiRequest, Needs
from portal.api.orders import OrderShape, own_order
from portal.api.refusals import refused
from portal.api.shapes import Amount, Shape, Wish, problems
from portal.lib.money import Money

router = Router(tags=["orders"], by_alias=True)


class RefundOffer(Shape):
    """What you get back by giving an order back; without an amount, `problem` says why it stands."""

    amount: Amount | None
    can_be_balance: bool
    problem: str | None


class RefundWish(Wish):
    goes_to: Annotated[
        Literal["payer", "balance"], Field(description="The way it was paid, or where it can be, the balance.")
    ] = "payer"


@router.post("/{order_id}/cancel", response={200: OrderShape, **problems(404, 409, 422)}, auth=Needs(ORDERS_WRITE))
def cancel_order(request: ApiRequest, order_id: str) -> Any:
    """Cancel an order that is not paid yet. One that is paid meanwhile stands; give it back instead."""
    order = own_order(request, order_id)
    if order.state == Order.State.PENDING:
        ended = expiry.cancel_order(order=order, gateways=gateways.by_name(), now=timezone.now())
        if ended.state == Order.State.PENDING:
            detail = "A payment of this order is being checked with the bank. Nothing was changed."
            raise refused(HTTPStatus.CONFLICT, "under-way", detail, headers={"Retry-After": "60"})
    order = own_order(request, order_id)
    if order.state != Order.State.CANCELLED:
        raise refused(HTTPStatus.CONFLICT, "not-cancellable", "Only an order that is not paid can be cancelled.")
    return OrderShape.of(order)


@router.get("/{order_id}/refund", response={200: RefundOffer, **problems(404, 422)}, auth=Needs(ORDERS_READ))
def get_refund_offer(request: ApiRequest, order_id: str) -> Any:
    """Say what comes back if you give an order back: a plan that waits its turn, or what was delivered and not used."""
    try:
        parts = _parts(own_order(request, order_id))
    except CannotRefund as problem:
        return RefundOffer(amount=None, can_be_balance=False, problem=str(problem.sentence))
    total = sum((part.money for part in parts[1:]), parts[0].money) if parts else None
    return RefundOffer(amount=_amount(total), can_be_balance=can_be_balance(parts), problem=None)


@router.post("/{order_id}/refund", response={200: OrderShape, **problems(400, 404, 409, 422)}, auth=Needs(ORDERS_WRITE))
def give_back(request: ApiRequest, order_id: str, wish: RefundWish) -> Any:
    """Give an order back, and have its money returned. Asked for again, it is answered with how the order stands."""
    order = own_order(request, order_id)
    goes_to = Refund.Destination.BALANCE if wish.goes_to == "balance" else Refund.Destination.PAYER
    try:
        _undo(request, order, goes_to=goes_to)
    except (AlreadyUndone, NotWaiting):
        pass  # asked for twice: how the order stands says the rest
    except CannotRefund as problem:
        raise refused(HTTPStatus.CONFLICT, "cannot-give-back", problem.sentence) from None
    else:
        transaction.on_commit(partial(nudge, return_money, order_id=order.pk))
    return OrderShape.of(own_order(request, order_id))


def _parts(order: Order) -> list[Part]:
    queued = _waiting(order)
    if queued is not None:
        return queue_endings.offer_of(queued)
    within = settings.PORTAL_REFUND_WINDOW
    return refund_offer(order=order, carrier=carriers.chosen(), within=within, now=timezone.now())


def _undo(request: ApiRequest, order: Order, *, goes_to: Refund.Destination) -> None:
    now, ip = timezone.now(), client_ip(request)
    queued = _waiting(order)
    if queued is not None:
        queue_endings.cancel(queued=queued, goes_to=goes_to, actor=request.owner, ip=ip, now=now)
        return
    if order.state == Order.State.UNDELIVERABLE:
        # The balance has it already.
        if goes_to == Refund.Destination.PAYER:
            undelivered.pay_back(order=order, ip=ip, now=now)
        return
    within = settings.PORTAL_REFUND_WINDOW
    taking_back.undo(order=order, goes_to=goes_to, ip=ip, carrier=carriers.chosen(), within=within, now=now)


def _waiting(order: Order) -> QueuedPlan | None:
    """Return its place in a queue, if it waits there."""
    return QueuedPlan.objects.waiting().select_related("line", "order").filter(order=order).first()


def _amount(money: Money | None) -> Amount | None:
    return None if money is None else Amount.of(money)
