"""The payer goes on with a payment under way, confirms it with the bank, or begins another way to pay the order."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from billing import charges
from billing.card_consent import CardConsent
from billing.charges import PageUnavailable
from billing.gateways.base import GatewayRefused, Gateways, OutcomeUnknown, PaymentGateway
from billing.models import Charge, Order, OrderQuerySet, PaymentMethod
from esim.models import Line

SOON_OVER = timedelta(minutes=10)
"""Before a page closes: whether it is still open is asked first, instead of sending a payer to a closed one."""
TIME_TO_PAY = timedelta(minutes=5)
"""What a payer needs: with less left, the page is closed and another one opened."""

State = Charge.State


class StillBeingChecked(Exception):
    """The attempt under way can't be closed, because nobody knows yet whether it was paid."""

    sentence = _("The other payment is still being checked. Nothing more was charged.")


def page_of(
    *, order: Order, gateways: Gateways, return_url: str, locale: str, by_link: bool = False, now: datetime
) -> str:
    """Return the page on which the payer goes on with the payment of this order; empty when there is none.

    An order has one open page. It is used again while there is time left on it; one that is nearly over is asked
    about: paid, it settles the order; else it is closed and another one opened. Money is never taken here. `by_link`:
    who pays has a link only, and is never led to a page that the owner began, which knows their cards.
    Raises StillBeingChecked, PageUnavailable, PageRefused and OrderNotPayable.
    """
    charge = charges.open_charge(order)
    if charge is None:
        return ""
    if by_link and not charge.by_link:
        raise StillBeingChecked
    if charge.method is not None or charge.state == State.NEEDS_ACTION:
        return charge.page_url
    gateway = _gateway_of(charge, gateways)
    usable = _with_time_left(charge, gateway=gateway, now=now)
    if usable is None:
        return ""
    return charges.open_page(charge=usable, gateway=gateway, return_url=return_url, locale=locale, now=now)


def charge_kept_card(*, order: Order, gateways: Gateways, now: datetime) -> None:
    """Take the money of an order from the kept card its buyer chose, where nobody has begun to."""
    charge = charges.open_charge(order)
    if charge is not None and charge.method is not None and charge.state == State.CREATED:
        charges.charge_saved(charge=charge, gateway=_gateway_of(charge, gateways), now=now)


def confirm_with_bank(
    *, order: Order, card_consent: CardConsent, gateway: PaymentGateway, gateways: Gateways, now: datetime
) -> None:
    """Replace a payment that its payer has to confirm, and can't, by one on the gateway's page, where they can.

    The page keeps the card anew: confirmed once with its owner there, it can renew without them next time.
    Raises StillBeingChecked and OrderNotPayable.
    """
    charge = charges.open_charge(order)
    if charge is not None and charge.state == State.NEEDS_ACTION and not charge.page_url:
        begin_another_way(
            order=order, method=None, card_consent=card_consent, gateway=gateway, gateways=gateways, now=now
        )


def begin_another_way(
    *,
    order: Order,
    method: PaymentMethod | None,
    card_consent: CardConsent | None,
    gateway: PaymentGateway,
    gateways: Gateways,
    by_link: bool = False,
    now: datetime,
) -> None:
    """Close the attempt under way, then commit a new one; raises StillBeingChecked and OrderNotPayable.

    A kept card is charged where it is kept, everything else through `gateway`.
    """
    under_way = charges.open_charge(order)
    if under_way is not None:
        _close(under_way, gateway=_gateway_of(under_way, gateways), now=now)
    name = method.gateway if method else gateway.name
    charges.start_charge(
        order=order, gateway_name=name, method=method, card_consent=card_consent, by_link=by_link, now=now
    )


def free_refused_order(*, line: Line, gateways: Gateways, now: datetime) -> None:
    """Close the attempt that a line's renewal still waits with, so that another card can be charged for it.

    Raises StillBeingChecked.
    """
    free_refused(Order.objects.filter(line=line, subscription__isnull=False), gateways=gateways, now=now)


def free_refused(orders: OrderQuerySet, *, gateways: Gateways, now: datetime) -> None:
    """Close the attempts that wait for their payer's word to the bank; raises StillBeingChecked."""
    unpaid = orders.filter(state=Order.State.PENDING)
    waiting = Charge.objects.open().filter(order__in=unpaid, state=State.NEEDS_ACTION)
    for charge in waiting.select_related("order__owner"):
        _close(charge, gateway=_gateway_of(charge, gateways), now=now)


def _with_time_left(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge | None:
    """Return the attempt, or another in its place, on whose page there is time to pay; None once it is paid."""
    left = charges.page_closes_at(charge) - now
    if not charge.page_url:
        return charge if charges.can_open(charge, now=now) else _begin_anew(charge, gateway=gateway, now=now)
    if left > SOON_OVER:
        return charge
    asked = _ask(charge, gateway=gateway, now=now)
    if asked.state == State.PENDING and left > TIME_TO_PAY:
        return asked
    return _begin_anew(asked, gateway=gateway, now=now)


def _ask(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge:
    try:
        result = gateway.look_up(payment_id=charge.gateway_payment_id or "", key=charge.public_id)
    except (OutcomeUnknown, GatewayRefused) as error:
        raise PageUnavailable from error
    return charges.settle(charge_id=charge.pk, result=result, now=now) if result else charge


def _begin_anew(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge | None:
    """Put another attempt in the place of one whose page is over; None when it turns out to be paid."""
    closed = _close(charge, gateway=gateway, now=now)
    if closed.state == State.SUCCEEDED:
        return None
    return charges.start_charge(
        order=charge.order,
        gateway_name=gateway.name,
        card_consent=charge.card_consent,
        by_link=charge.by_link,
        now=now,
    )


def _close(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge:
    closed = charges.abandon(charge=charge, gateway=gateway, now=now)
    if closed.is_open:
        raise StillBeingChecked
    return closed


def _gateway_of(charge: Charge, gateways: Gateways) -> PaymentGateway:
    """Return the gateway of an attempt; raise StillBeingChecked where it is no longer set up to be asked."""
    if charge.gateway not in gateways:
        raise StillBeingChecked
    return gateways[charge.gateway]
