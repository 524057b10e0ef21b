"""Recording what became of a charge: one function for the return page, the webhook, and whoever asks the gateway."""

import logging
from datetime import datetime

from django.db import transaction

from billing import ledger, link_notices, link_payers, operator_events, sales
from billing.declines import code_to_keep
from billing.gateways.base import KeptCard, PaymentResult, PaymentState
from billing.methods import OwnedByAnother, keep_card
from billing.models import Charge, Order, Refund
from billing.referral_traits import remember_card
from portal.lib.log_context import log_about
from portal.lib.money import Money

logger = logging.getLogger(__name__)

State = Charge.State

# What an open charge becomes, by what the gateway says; paid is told apart because it moves money.
WAITING = {PaymentState.PENDING: State.PENDING, PaymentState.NEEDS_ACTION: State.NEEDS_ACTION}
OVER = {PaymentState.DECLINED: State.DECLINED, PaymentState.ABANDONED: State.ABANDONED}


@transaction.atomic
def settle(*, charge_id: int, result: PaymentResult, now: datetime) -> Charge:
    """Record what the gateway said about a charge; the same answer again, or an older one, changes nothing.

    Money that arrived is written with the order's new state in one transaction, also when the charge was thought
    declined or abandoned. A result that is not about our charge is refused and noted for staff.
    """
    # The order is locked first, everywhere: whoever settles, pays and expires it then queues instead of deadlocking.
    order = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(charges__pk=charge_id)
    charge = Charge.objects.select_for_update().get(pk=charge_id)
    charge.order = order
    with log_about(order=order, charge=charge, line=order.line):
        _record(charge, order=order, result=result, now=now)
    return charge


def _record(charge: Charge, *, order: Order, result: PaymentResult, now: datetime) -> None:
    if problem := _problem(charge, result):
        _refuse(charge, order=order, problem=problem)
    elif result.state == PaymentState.SUCCEEDED:
        _receive(charge, order=order, result=result, now=now)
    elif result.state in WAITING:
        page_url = result.next_url or charge.page_url
        _move(charge, to=WAITING[result.state], result=result, page_url=page_url, decline_code=result.decline_code)
    elif result.state in OVER:
        code = code_to_keep(code=result.decline_code, advice=result.advice, network_code=result.network_code)
        moved = _move(charge, to=OVER[result.state], result=result, decline_code=code, settled_at=now)
        if moved and charge.state == State.DECLINED:
            operator_events.charge_failed(charge, order=order, now=now)


def _problem(charge: Charge, result: PaymentResult) -> str:
    return mismatch(
        result,
        charge=charge.public_id,
        money=charge.money,
        payment_id=charge.gateway_payment_id or "",
        customer=charge.customer,
    )


def mismatch(result: PaymentResult, *, charge: str, money: Money, payment_id: str, customer: str) -> str:
    """Say why a result must not be settled as that of a charge; empty where nothing speaks against it."""
    if result.problem:
        return result.problem
    if result.customer not in ("", customer):
        return f"the gateway says customer {result.customer} paid, the order is of {customer}"
    if result.money != money:
        return f"the gateway says {result.money}, our charge {charge} is {money}"
    if payment_id and result.payment_id not in ("", payment_id):
        return f"the gateway answered about payment {result.payment_id}, not about {payment_id}"
    return ""


def _refuse(charge: Charge, *, order: Order, problem: str) -> None:
    logger.error("Charge %s not settled: %s", charge.public_id, problem)
    order.note = f"Not settled: {problem}"[:300]
    order.save(update_fields=["note"])


def _move(charge: Charge, *, to: str, result: PaymentResult, **columns: object) -> bool:
    """Move an open charge; a closed one only moves to paid."""
    source = State.OPEN if to != State.SUCCEEDED else set(State.values) - {State.SUCCEEDED}
    changes = {
        "state": to,
        "gateway_payment_id": result.payment_id or charge.gateway_payment_id,
        "gateway_transaction_id": result.transaction_id or charge.gateway_transaction_id,
        "paid_with": result.paid_with or charge.paid_with,
        **columns,
    }
    moved = Charge.objects.filter(pk=charge.pk, state__in=source).update(**changes) == 1
    if moved:
        for name, value in changes.items():
            setattr(charge, name, value)
    return moved


def _receive(charge: Charge, *, order: Order, result: PaymentResult, now: datetime) -> None:
    if not _move(charge, to=State.SUCCEEDED, result=result, decline_code="", settled_at=now):
        return
    ledger.move(
        kind=ledger.Kind.RECEIVED,
        debit=ledger.gateway(charge.gateway, charge.currency),
        credit=ledger.held(charge.currency),
        money=charge.money,
        key=f"charge:{charge.public_id}:received",
        order=order,
        charge=charge,
        now=now,
    )
    if result.fingerprint and not charge.off_session:
        # By link, too: who pays for a newcomer with a card of their own has not brought anybody along.
        remember_card(owner_id=order.owner_id, fingerprint=f"{charge.gateway}:{result.fingerprint}", now=now)
    if result.card is not None and not charge.by_link:
        _keep(result.card, charge=charge, order=order, now=now)
    if order.state == Order.State.PENDING and charge.money == order.to_charge:
        _mark_paid(order, now=now)
        if charge.by_link:
            link_notices.paid(charge, order=order, now=now)
    else:
        sales.keep_as_balance(charge, order=order, now=now)
        if charge.by_link:
            link_payers.send_back(order, reason=Refund.Reason.DUPLICATE, now=now)


def _keep(card: KeptCard, *, charge: Charge, order: Order, now: datetime) -> None:
    try:
        method = keep_card(
            owner=order.owner, gateway_name=charge.gateway, card=card, consent=charge.card_consent, now=now
        )
    except OwnedByAnother:
        # The money has moved all the same, and must stand in the books.
        logger.exception("Charge %s was paid with a card kept for somebody else; it is not kept", charge.public_id)
    else:
        Charge.objects.filter(pk=charge.pk, method=None).update(method=method)


def _mark_paid(order: Order, *, now: datetime) -> None:
    sales.stamp_paid(order, now=now)
    order.save(update_fields=["state", "paid_at", "fulfil_due_at", "accepted_at", "sent_at", "confirmed_at"])
    sales.book_paid(order, now=now)
