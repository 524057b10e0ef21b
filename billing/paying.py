"""The payer goes on with a payment that is under way, or begins another way to pay the same order."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from billing import charges
from billing.gateways.base import PaymentGateway
from billing.models import Charge, Order, PaymentMethod


class StillBeingChecked(Exception):
    """The attempt under way can't be closed, because nobody knows yet whether it was paid."""

    sentence = _("The other payment is still being checked. Nothing more was charged.")


def go_on(*, charge: Charge, gateway: PaymentGateway, return_url: str, locale: str, now: datetime) -> str:
    """Charge the kept card or open the gateway's page, and return the page the payer has to see.

    Empty when there is none to see: the card was asked, and the order's page tells the answer. Raises
    PageUnavailable and OrderNotPayable.
    """
    if charge.method is not None and charge.state != Charge.State.NEEDS_ACTION:
        charge = charges.charge_saved(charge=charge, gateway=gateway, now=now)
        return charge.page_url if charge.state == Charge.State.NEEDS_ACTION else ""
    if charge.page_url:
        return charge.page_url
    return charges.open_page(charge=charge, gateway=gateway, return_url=return_url, locale=locale, now=now)


def begin_another_way(
    *, order: Order, method: PaymentMethod | None, keep_card: bool, gateway: PaymentGateway, now: datetime
) -> None:
    """Close the attempt under way, then commit a new one; raises StillBeingChecked and OrderNotPayable."""
    under_way = charges.open_charge(order)
    if under_way is not None and charges.abandon(charge=under_way, gateway=gateway, now=now).is_open:
        raise StillBeingChecked
    charges.start_charge(order=order, gateway_name=gateway.name, method=method, save_method=keep_card, now=now)
