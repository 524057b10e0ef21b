"""Giving money back through a gateway: asked outside any transaction, and asked about until it is over."""

import logging
from datetime import datetime

from django.db import transaction

from billing import dispute_books, ledger
from billing.asking_again import FIRST_CHECK, ask_each, one_look
from billing.gateways.base import (
    GatewayRefused,
    Gateways,
    OutcomeUnknown,
    PaymentGateway,
    RefundRequest,
    RefundResult,
    RefundState,
)
from billing.models import Charge, GatewayEvent, Order, Refund, RefundQuerySet
from billing.refund_settlement import book_as_sent, draft, move, settle, transaction_of
from billing.refundable import Part, source_of
from portal.lib.ticks import InTime, always

__all__ = ["ask", "charge_of_transaction", "hear", "send", "send_all", "settle", "settle_refunds", "to_ask_about"]

logger = logging.getLogger(__name__)

State = Refund.State


def send(*, refund: Refund, gateway: PaymentGateway, now: datetime) -> Refund:
    """Ask the gateway to give the money back, unless that was asked before; settle what it says.

    That the answer is outstanding is committed first: a crash from here on is found by `settle_refunds`.
    """
    if not move(refund, to=State.UNKNOWN, source={State.CREATED}, check_due_at=now + FIRST_CHECK):
        return Refund.objects.get(pk=refund.pk)
    return _request(refund, gateway=gateway, now=now)


def send_all(*, order_id: int, gateways: Gateways, now: datetime) -> None:
    """Send the refunds of an order that nobody has sent yet."""
    created = Refund.objects.filter(order=order_id, state=State.CREATED, charge__gateway__in=gateways)
    for refund in created.select_related("charge", "order__owner"):
        if refund.charge is not None:
            send(refund=refund, gateway=gateways[refund.charge.gateway], now=now)


def to_ask_about(*, gateway: PaymentGateway, now: datetime) -> RefundQuerySet:
    """Return the refunds on their way through this gateway whose next look is due, longest waiting first."""
    return Refund.objects.to_ask_about(now).filter(charge__gateway=gateway.name).order_by("check_due_at", "pk")


def settle_refunds(*, gateway: PaymentGateway, now: datetime, in_time: InTime = always) -> int:
    """Ask about the refunds that are due and return how many are over now; one that fails does not stop the rest."""
    due = to_ask_about(gateway=gateway, now=now).select_related("charge", "order__owner")
    return ask_each(
        due,
        lambda refund: ask(refund=refund, gateway=gateway, now=now),
        what="Settling a refund",
        kind="refund",
        in_time=in_time,
    )


def ask(*, refund: Refund, gateway: PaymentGateway, now: datetime) -> Refund:
    """Settle a refund by what the gateway knows of it; one that never got there is sent under the same key."""
    with one_look(Refund.objects.at_the_gateway(), refund, now=now) as is_ours:
        return _ask(refund, gateway=gateway, now=now) if is_ours else refund


def _ask(refund: Refund, *, gateway: PaymentGateway, now: datetime) -> Refund:
    try:
        result = gateway.look_up_refund(
            refund_id=refund.gateway_refund_id or "",
            key=refund.public_id,
            transaction_id=_transaction_of(refund),
        )
    except OutcomeUnknown:
        return refund
    if result is not None:
        return settle(refund_id=refund.pk, result=result, now=now)
    if refund.gateway_refund_id:
        logger.error("Refund %s is unknown at the gateway, which had named it before", refund.public_id)
        return refund
    move(refund, to=State.UNKNOWN, source={State.CREATED})
    return _request(refund, gateway=gateway, now=now)


def hear(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool:
    """Settle the refund a notice is about; return False where it is about nothing of ours."""
    key = str(event.payload.get("key", ""))
    return learn(refund_id=event.payment_id, key=key, gateway=gateway, now=now)


def learn(*, refund_id: str, key: str, gateway: PaymentGateway, now: datetime) -> bool:
    """Settle a refund that the gateway knows; return False where it is of nothing of ours. Raises OutcomeUnknown.

    One that somebody made in the gateway's dashboard is written down and booked like our own.
    """
    result = gateway.look_up_refund(refund_id=refund_id, key="", transaction_id="")
    if result is None:
        return False
    ours = Refund.objects.filter(charge__gateway=gateway.name)
    refund = ours.filter(gateway_refund_id=refund_id).first() or ours.filter(public_id=result.key or key).first()
    if refund is None:
        if result.state == RefundState.FAILED:
            return True  # nothing of it ever stood in our books
        refund = _adopted(result, gateway=gateway, now=now)
    if refund is not None:
        settle(refund_id=refund.pk, result=result, now=now)
    return refund is not None


def charge_of_transaction(transaction_id: str, *, gateway: PaymentGateway) -> Charge | None:
    """Find the charge that took this money."""
    taken = Charge.objects.filter(gateway=gateway.name, state=Charge.State.SUCCEEDED)
    return taken.named_at_gateway(transaction_id).first()


@transaction.atomic
def _adopted(result: RefundResult, *, gateway: PaymentGateway, now: datetime) -> Refund | None:
    """Write down a refund that was made past us: the money has moved, so it must stand in the books."""
    charge = charge_of_transaction(result.transaction_id, gateway=gateway)
    if charge is None:
        return None
    order = Order.objects.select_for_update(of=("self",)).select_related("owner").get(pk=charge.order_id)
    known = Refund.objects.filter(gateway_refund_id=result.refund_id).first()
    if known is not None:
        return known
    refund = draft(
        _bearer(charge, order=order, result=result, now=now),
        order=order,
        money=result.money,
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.AT_THE_GATEWAY,
        requested_by=None,
        now=now,
    )
    logger.warning("Refund %s of charge %s was made at the gateway", result.refund_id, charge.public_id)
    book_as_sent(refund, now=now)
    Refund.objects.filter(pk=refund.pk).update(gateway_refund_id=result.refund_id)
    return refund


def _bearer(charge: Charge, *, order: Order, result: RefundResult, now: datetime) -> Part:
    """Tell which account bears it: what the subscriber has spent already is our loss.

    The charge may be disputed by now: the refund came before that, even if its notice did not.
    """
    taken_from = source_of(charge, order=order) or Refund.Source.SALES
    if taken_from == Refund.Source.WALLET:
        left = charge.money - charge.refunded - result.money
        dispute_books.unfreeze_beyond(left, charge=charge, now=now)
        balance = ledger.locked_balance(user_id=order.owner_id, currency=result.money.currency)
        taken_from = Refund.Source.WALLET if balance >= result.money else Refund.Source.LOSSES
    return Part(charge=charge, money=result.money, taken_from=taken_from)


def _request(refund: Refund, *, gateway: PaymentGateway, now: datetime) -> Refund:
    transaction_id = _transaction_of(refund)
    request = RefundRequest(key=refund.public_id, transaction_id=transaction_id, money=refund.money)
    try:
        result = gateway.refund(request)
    except OutcomeUnknown:
        logger.info("Refund %s: the answer got lost, the gateway will be asked", refund.public_id)
        return Refund.objects.get(pk=refund.pk)
    except GatewayRefused as error:
        result = RefundResult(
            state=RefundState.FAILED,
            refund_id="",
            transaction_id=transaction_id,
            money=refund.money,
            reason=str(error),
        )
    return settle(refund_id=refund.pk, result=result, now=now)


def _transaction_of(refund: Refund) -> str:
    return transaction_of(refund.charge) if refund.charge else ""
