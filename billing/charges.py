"""Taking money for an order: opening a page, charging a kept card, recording what came of it."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing import sales
from billing.asking_again import FIRST_CHECK
from billing.card_consent import CardConsent
from billing.gateways.base import (
    GatewayRefused,
    OutcomeUnknown,
    PageRequest,
    PaymentGateway,
    PaymentResult,
    PaymentState,
    SavedCharge,
)
from billing.models import Charge, GatewayCustomer, Order, PaymentMethod
from billing.settlement import settle
from billing.withdrawn import is_withdrawn, is_without_card, still_wanted
from portal.lib.log_context import log_about

__all__ = [
    "OrderNotPayable",
    "PageRefused",
    "PageUnavailable",
    "abandon",
    "await_answer",
    "call_off",
    "can_open",
    "charge_saved",
    "draft_charge",
    "open_charge",
    "open_page",
    "record_answer",
    "saved_request",
    "settle",
    "start_charge",
    "withdraw",
]

logger = logging.getLogger(__name__)

FIRST_CHECK_WITH_PAYER = timedelta(minutes=1)
"""Of a kept card whose owner looks on: sooner, because the worker that was to charge it may never have heard."""
PAGE_LIFETIME = timedelta(hours=1)
"""How long a payer may stay on the gateway's page, from when the attempt was committed."""
OPEN_WITHIN = timedelta(minutes=25)
"""How long after that the page can still be opened: gateways refuse one that would close within half an hour."""
REFUSED_BY_GATEWAY = "gateway_refused"

State = Charge.State


class OrderNotPayable(Exception):
    """The order waits for no payment any more."""

    sentence = _("This order no longer waits for a payment. Nothing was charged.")


class PageUnavailable(Exception):
    """The gateway did not open its page; the charge stands, and asking again is safe."""

    sentence = _("The payment page did not answer. Nothing was charged. Try again in a minute.")


class PageRefused(Exception):
    """The gateway will not open a page for this payment; the attempt is over and another way can be chosen."""

    sentence = _("The payment company did not accept this payment. Nothing was charged. Choose another way to pay.")


def open_charge(order: Order) -> Charge | None:
    """Return the attempt to pay this order that is under way, if one is."""
    return order.charges.filter(state__in=State.OPEN).select_related("method").first()


@transaction.atomic
def start_charge(
    *,
    order: Order,
    gateway_name: str,
    method: PaymentMethod | None = None,
    off_session: bool = False,
    card_consent: CardConsent | None = None,
    by_link: bool = False,
    now: datetime,
) -> Charge:
    """Commit the intention to charge; where an attempt is under way already, return that one.

    Raises OrderNotPayable when the order is paid or over.
    """
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.state != Order.State.PENDING:
        raise OrderNotPayable
    under_way = open_charge(order)
    if under_way is not None:
        return under_way
    charge = draft_charge(
        order, gateway_name=gateway_name, method=method, off_session=off_session, card_consent=card_consent, now=now
    )
    charge.by_link = by_link
    charge.save(force_insert=True)
    if method is None and order.expires_at < page_closes_at(charge):
        # The order must not end under a payer whose page is still open.
        Order.objects.filter(pk=order.pk).update(expires_at=page_closes_at(charge))
    return charge


def draft_charge(
    order: Order,
    *,
    gateway_name: str,
    method: PaymentMethod | None,
    off_session: bool,
    card_consent: CardConsent | None,
    now: datetime,
) -> Charge:
    """Return the attempt to charge what is left of an order, not saved yet; its page keeps a card only by consent."""
    return Charge(
        order=order,
        gateway=gateway_name,
        method=method,
        off_session=off_session,
        save_method=bool(card_consent),
        card_consent=dict(card_consent or {}),
        currency=order.currency,
        amount=order.to_charge.minor,
        check_due_at=now + (FIRST_CHECK_WITH_PAYER if method and not off_session else FIRST_CHECK),
        created_at=now,
    )


def page_closes_at(charge: Charge) -> datetime:
    """Return when the gateway closes the page of an attempt by itself."""
    return charge.created_at + PAGE_LIFETIME


def can_open(charge: Charge, *, now: datetime) -> bool:
    """Tell whether an attempt without a page is young enough for one.

    Its page must close when the first asking said: under one key a gateway takes one wish, and the answer to the
    first asking may only have got lost.
    """
    return now < charge.created_at + OPEN_WITHIN


def open_page(*, charge: Charge, gateway: PaymentGateway, return_url: str, locale: str, now: datetime) -> str:
    """Return the address where the payer pays; the page of an attempt is opened once.

    Raises PageUnavailable when the gateway did not answer, PageRefused when it will not, OrderNotPayable when the
    attempt is over.
    """
    if not charge.is_open:
        raise OrderNotPayable
    if charge.state == State.PENDING and charge.page_url:
        return charge.page_url
    order = charge.order
    request = PageRequest(
        key=charge.public_id,
        money=charge.money,
        description=sales.describe(order),
        customer=charge.customer,
        return_url=return_url,
        locale=locale,
        expires_at=page_closes_at(charge),
        keep_card=charge.save_method,
        customer_email="" if charge.by_link else order.owner.email,
    )
    try:
        page = gateway.open_page(request)
    except OutcomeUnknown as error:
        raise PageUnavailable from error
    except GatewayRefused as error:
        _refused(charge, error=error, now=now)
        raise PageRefused from error
    return _keep_page(charge, payment_id=page.payment_id, url=page.url, gateway=gateway, now=now)


def _keep_page(charge: Charge, *, payment_id: str, url: str, gateway: PaymentGateway, now: datetime) -> str:
    opened = Charge.objects.filter(pk=charge.pk, state__in=[State.CREATED, State.PENDING, State.UNKNOWN])
    kept = opened.update(
        gateway_payment_id=payment_id, page_url=url, state=State.PENDING, check_due_at=now + FIRST_CHECK
    )
    if not kept and not Charge.objects.open().filter(pk=charge.pk).exists():
        _close_late_page(charge, payment_id=payment_id, gateway=gateway, now=now)
        raise OrderNotPayable
    charge.refresh_from_db()
    return url


def _close_late_page(charge: Charge, *, payment_id: str, gateway: PaymentGateway, now: datetime) -> None:
    """Let nobody pay on a page whose attempt was given up while it opened.

    Its id is written down first: should the gateway not answer, and the page be paid before it closes by itself,
    the notice of that finds the charge.
    """
    Charge.objects.filter(pk=charge.pk, gateway_payment_id=None).update(gateway_payment_id=payment_id)
    try:
        settle(charge_id=charge.pk, result=gateway.close_page(payment_id), now=now)
    except (OutcomeUnknown, GatewayRefused):
        logger.warning("Charge %s is over, and its page %s may still be open", charge.public_id, payment_id)


def charge_saved(*, charge: Charge, gateway: PaymentGateway, now: datetime) -> Charge:
    """Charge the kept card of an attempt and record what came of it.

    1. Create the payment at the gateway and commit its id.
    2. Commit that the answer is outstanding: a crash from here on is found by reconciliation.
    3. Take the money; settle.

    Safe to repeat at any point: the payment has one id and is charged at most once. What nobody has asked for yet, and
    is not wanted any more, is given up instead.
    """
    if not charge.is_open:
        return charge
    if is_withdrawn(charge, now=now):
        return withdraw(charge, now=now)
    if charge.method is None or charge.method.removed_at is not None:
        return _give_up(charge, gateway=gateway, now=now)
    request = saved_request(charge)
    try:
        with log_about(order=charge.order, charge=charge):
            payment_id = charge.gateway_payment_id or gateway.prepare(request)
            if not await_answer(charge_id=charge.pk, payment_id=payment_id, now=now):
                return call_off(charge_id=charge.pk, payment_id=payment_id, gateway=gateway, now=now)
            answer: PaymentResult | Exception = gateway.charge_saved(replace(request, payment_id=payment_id))
    except (OutcomeUnknown, GatewayRefused) as error:
        answer = error
    return record_answer(charge=charge, answer=answer, now=now)


def withdraw(charge: Charge, *, now: datetime) -> Charge:
    """Give up a charge that no gateway has heard of, as what it was made for was turned off or stopped."""
    logger.info("Charge %s is given up before anybody was asked", charge.public_id)
    return settle(charge_id=charge.pk, result=_nothing_happened(charge), now=now)


def call_off(*, charge_id: int, payment_id: str, gateway: PaymentGateway, now: datetime) -> Charge:
    """Close the payment that was prepared for a charge whose money nobody wants any more; any other is left alone."""
    charge = Charge.objects.select_related("order__owner", "order__subscription", "method").get(pk=charge_id)
    if not (is_withdrawn(charge, now=now) or is_without_card(charge)):
        return charge
    try:
        return settle(charge_id=charge.pk, result=gateway.close_page(payment_id), now=now)
    except (OutcomeUnknown, GatewayRefused):
        # It takes no money by itself, and is withdrawn when it is found again.
        return charge


def saved_request(charge: Charge) -> SavedCharge:
    """Return what a gateway is asked for when the kept card of an attempt is charged; nothing else need be read."""
    if charge.method is None:
        raise ValueError(f"{charge} has no card.")
    return SavedCharge(
        key=charge.public_id,
        money=charge.money,
        description=sales.describe(charge.order),
        customer=charge.order.owner.public_id,
        card_reference=charge.method.reference,
        payment_id=charge.gateway_payment_id or "",
        off_session=charge.off_session,
        recurring=charge.order.subscription_id is not None,
        customer_reference=_customer_reference(charge),
    )


def _customer_reference(charge: Charge) -> str:
    known = GatewayCustomer.objects.filter(owner=charge.order.owner_id, gateway=charge.gateway)
    return known.values_list("reference", flat=True).first() or ""


def await_answer(*, charge_id: int, payment_id: str, now: datetime) -> bool:
    """Commit the id of a prepared payment, whose money may be taken next; False where it may not.

    The attempt is over then, or what it was made for by itself was turned off, or its card removed, until this moment.
    """
    waiting = Charge.objects.filter(still_wanted(), pk=charge_id, state__in=[State.CREATED, State.UNKNOWN])
    return waiting.update(gateway_payment_id=payment_id, state=State.UNKNOWN, check_due_at=now + FIRST_CHECK) == 1


def record_answer(*, charge: Charge, answer: PaymentResult | Exception, now: datetime) -> Charge:
    """Record what came of asking a gateway: its answer, or OutcomeUnknown, or GatewayRefused; others are raised."""
    with log_about(order=charge.order, charge=charge):
        match answer:
            case PaymentResult():
                return settle(charge_id=charge.pk, result=answer, now=now)
            case GatewayRefused():
                return _refused(charge, error=answer, now=now)
            case OutcomeUnknown():
                logger.info("Charge %s: the answer got lost, the gateway will be asked", charge.public_id)
                Charge.objects.filter(pk=charge.pk, state=State.CREATED).update(state=State.UNKNOWN)
                return Charge.objects.get(pk=charge.pk)
    raise answer


def abandon(*, charge: Charge, gateway: PaymentGateway, now: datetime) -> Charge:
    """Give up an attempt so that another way to pay can be offered; an attempt that was paid meanwhile stands.

    Where the gateway does not answer, the attempt stays open: two open ones could both be paid.
    """
    if not charge.is_open:
        return charge
    try:
        payment_id = charge.gateway_payment_id or _find_payment(charge, gateway=gateway)
        result = gateway.close_page(payment_id) if payment_id else _nothing_happened(charge)
    except (OutcomeUnknown, GatewayRefused):
        return charge
    return settle(charge_id=charge.pk, result=result, now=now)


def _give_up(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge:
    """Decline for want of a card, unless the payment exists at the gateway: then that one is closed first."""
    if charge.gateway_payment_id:
        return abandon(charge=charge, gateway=gateway, now=now)
    gone = replace(_nothing_happened(charge), state=PaymentState.DECLINED, decline_code="card_gone")
    return settle(charge_id=charge.pk, result=gone, now=now)


def _refused(charge: Charge, *, error: GatewayRefused, now: datetime) -> Charge:
    """Decline an attempt that the gateway would not begin."""
    logger.warning("Charge %s was refused before it began: %s", charge.public_id, error)
    no = replace(_nothing_happened(charge), state=PaymentState.DECLINED, decline_code=REFUSED_BY_GATEWAY)
    return settle(charge_id=charge.pk, result=no, now=now)


def _find_payment(charge: Charge, *, gateway: PaymentGateway) -> str:
    found = gateway.look_up(payment_id="", key=charge.public_id, customer=charge.customer, since=charge.created_at)
    return found.payment_id if found else ""


def _nothing_happened(charge: Charge) -> PaymentResult:
    return PaymentResult(state=PaymentState.ABANDONED, payment_id="", money=charge.money)
