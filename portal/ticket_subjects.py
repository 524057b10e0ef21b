"""What a request for help may be about: the subscriber's own lines, orders and payments, by public id."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Ticket, User
from billing.means import name_of
from billing.models import Charge, LedgerAccount, Order
from billing.order_status import moment, title_of
from esim.models import Line
from portal.lib.money import format_money
from portal.lib.public_ids import is_public_id
from portal.templatetags.portal_format import phone

ORDERS_OFFERED = 20
CHARGES_OFFERED = 10
BALANCE = "balance"
"""What `?about=` says of a request that doubts the balance; it has no id to name."""

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A line, an order or a payment that a ticket is about, with the page it leads to."""

    label: str | Promise
    text: str
    href: str


def offered(user: User, *, also: str = "") -> list[tuple[str | Promise, Choices]]:
    """Return the lines, the latest orders and payments of a person to choose from.

    `also` is an older one of them that they came from, as an address names it.
    """
    also = also if is_public_id(also) else ""
    lines = Line.objects.owned_by(user).in_use().order_by("nickname", "pk")
    own = Order.objects.owned_by(user).select_related("line").order_by("-created_at", "-pk")
    latest = list(own[:ORDERS_OFFERED])
    if also not in {order.public_id for order in latest}:
        latest += own.filter(public_id=also)
    paid = Charge.objects.owned_by(user).select_related("method").order_by("-pk")
    charges = list(paid[:CHARGES_OFFERED])
    if also not in {charge.public_id for charge in charges}:
        charges += paid.filter(public_id=also)
    groups: list[tuple[str | Promise, Choices]] = [
        (_("Lines"), [(line.public_id, _line_label(line)) for line in lines]),
        (_("Orders"), [(order.public_id, f"{title_of(order)} · {_order_text(order)}") for order in latest]),
        (_("Payments"), [(charge.public_id, _charge_label(charge)) for charge in charges]),
    ]
    return [(label, choices) for label, choices in groups if choices]


def references_of(user: User, *, about: str) -> dict[str, str]:
    """Return what pages showed to somebody who doubts it, for staff: the balances, where it is about those."""
    if about != BALANCE:
        return {}
    held = LedgerAccount.objects.owned_by(user).order_by("currency")
    return {"balance": " · ".join(str(account.money) for account in held)}


def subjects_of(ticket: Ticket) -> Sequence[Subject]:
    """Return what a ticket is about, as far as it is its owner's. Three queries."""
    lines = Line.objects.filter(owner=ticket.owner_id, public_id__in=ticket.about)
    orders = Order.objects.filter(owner=ticket.owner_id, public_id__in=ticket.about).select_related("line")
    charges = Charge.objects.filter(order__owner=ticket.owner_id, public_id__in=ticket.about)
    paid = charges.select_related("order", "method")
    return [
        *(
            Subject(
                label=gettext("Payment"),
                text=_charge_label(charge),
                href=reverse("billing:order", args=[charge.order.public_id]),
            )
            for charge in paid
        ),
        *(
            Subject(
                label=title_of(order), text=_order_text(order), href=reverse("billing:order", args=[order.public_id])
            )
            for order in orders
        ),
        *(
            Subject(label=_line_label(line), text=phone(line.msisdn), href=reverse("line", args=[line.public_id]))
            for line in lines
        ),
    ]


def _line_label(line: Line) -> str:
    return line.nickname or line.msisdn or gettext("New line")


def _charge_label(charge: Charge) -> str:
    """Name a payment by what its owner remembers: when, how much, with what, and how it ended."""
    means = str(charge.method or name_of(charge.paid_with) or "")
    amount = format_money(charge.money, get_language() or "en")
    parts = (moment(charge.created_at), amount, means, charge.get_state_display())
    return " · ".join(part for part in parts if part)


def _order_text(order: Order) -> str:
    return f"{moment(order.created_at)} · {format_money(order.total, get_language() or 'en')}"
