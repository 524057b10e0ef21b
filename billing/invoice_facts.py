"""What an invoice says, copied out of rows that may change later.

The copy is plain JSON. Words are those of the reader's language on the day of issue; labels are not in it, they come
from the catalogue when the PDF is drawn.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import User
from billing import redemptions, sales
from billing.discount_words import OfferRow, rows_of
from billing.means import BALANCE
from billing.models import BillingDetails, Charge, Invoice, Order, Refund
from portal.lib.brand import Party, operator
from portal.lib.dates import format_date_for, zone_or_utc


class Line(TypedDict):
    text: str
    notes: list[str]
    amount: int


class Payment(TypedDict):
    """Money that moved: `means` is BALANCE or a kind of payment method as gateways name them."""

    means: str
    brand: str
    last_four: str
    amount: int


class Facts(TypedDict):
    brand: str
    seller: Party
    buyer: Party
    lines: list[Line]
    payments: list[Payment]
    order: str
    moved_at: str
    zone: str
    is_supply: bool
    tax_name: str
    corrects: str


def facts_of_sale(order: Order, *, buyer: Party, charges: Iterable[Charge], tax_name: str) -> Facts:
    """Return what the invoice of a delivered order says."""
    with translation.override(order.owner.language):
        price = redemptions.list_price_of(order)
        line = Line(text=sales.describe(order), notes=_notes(order), amount=price.minor)
        offers = [_offer_line(row) for row in rows_of(redemptions.shown_with(order))]
    balance = [_payment(BALANCE, order.wallet_amount)] if order.wallet_amount else []
    return {
        "brand": settings.PORTAL_BRAND_NAME,
        "seller": operator(),
        "buyer": buyer,
        "lines": [line, *offers],
        "payments": [*balance, *(payment_by(charge, charge.amount) for charge in charges)],
        "order": order.public_id,
        "moved_at": (order.paid_at or order.created_at).isoformat(),
        "zone": settings.PORTAL_OPERATOR_TIME_ZONE,
        "is_supply": order.kind not in Order.Kind.BY_PAYING,
        "tax_name": tax_name,
        "corrects": "",
    }


def facts_of_refund(refund: Refund, *, invoice: Invoice) -> Facts:
    """Return what the credit note of a refund says: the parties are those of the invoice it corrects."""
    kept: Facts = invoice.details
    to_payer = refund.charge is not None and refund.goes_to == Refund.Destination.PAYER
    payment = payment_by(refund.charge, refund.amount) if to_payer and refund.charge else None
    return {
        **kept,
        "lines": [{**line, "amount": refund.amount} for line in kept["lines"][:1]],
        "payments": [payment or _payment(BALANCE, refund.amount)],
        "moved_at": (refund.settled_at or refund.created_at).isoformat(),
        "corrects": invoice.number,
    }


def buyer_of(owner: User) -> Party:
    """Return whom to make an invoice out to; without billing details, who signs in."""
    details = BillingDetails.objects.owned_by(owner).first() or BillingDetails()
    return {
        "name": details.name or str(owner),
        "address": [line.strip() for line in details.address.splitlines() if line.strip()],
        "country": details.country,
        "tax_id": details.tax_id,
        "registration": "",
        "email": owner.email,
    }


def payment_by(charge: Charge, amount: int) -> Payment:
    method = charge.method
    brand, last_four = (method.brand, method.last_four) if method else ("", "")
    return {"means": charge.paid_with or "card", "brand": brand, "last_four": last_four, "amount": amount}


def operator_day(moment: datetime) -> datetime:
    """Return a moment on the operator's clock, by which days and years of invoices are told."""
    return timezone.localtime(moment, zone_or_utc(settings.PORTAL_OPERATOR_TIME_ZONE))


def _notes(order: Order) -> list[str]:
    language = order.owner.language
    notes = [str(order.line)] if order.line else []
    if order.starts_at and order.ends_at:
        days = [
            format_date_for(timezone.localtime(at, order.owner.zone), language)
            for at in (order.starts_at, order.ends_at)
        ]
        notes.append(" – ".join(days))
    return notes


def _offer_line(row: OfferRow) -> Line:
    """Return a line that takes something off the price; what was given instead of money costs nothing."""
    return Line(text=row.label, notes=[] if row.off else [row.value], amount=-row.off.minor)


def _payment(means: str, amount: int) -> Payment:
    return {"means": means, "brand": "", "last_four": "", "amount": amount}
