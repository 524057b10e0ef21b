"""What a request for help may be about: the subscriber's own lines and orders, by public id."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Ticket, User
from billing.models import Order
from billing.order_status import moment, title_of
from esim.models import Line
from portal.lib.money import format_money
from portal.templatetags.portal_format import phone

ORDERS_OFFERED = 20

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A line or an order that a ticket is about, with the page it leads to."""

    label: str | Promise
    text: str
    href: str


def offered(user: User, *, also: str = "") -> list[tuple[str | Promise, Choices]]:
    """Return the lines and the latest orders of a person to choose from; `also` is an older order they came from."""
    lines = Line.objects.owned_by(user).in_use().order_by("nickname", "pk")
    own = Order.objects.owned_by(user).select_related("line").order_by("-created_at", "-pk")
    latest = list(own[:ORDERS_OFFERED])
    if also not in {order.public_id for order in latest}:
        latest += own.filter(public_id=also)
    groups: list[tuple[str | Promise, Choices]] = [
        (_("Lines"), [(line.public_id, _line_label(line)) for line in lines]),
        (_("Orders"), [(order.public_id, f"{title_of(order)} · {_order_text(order)}") for order in latest]),
    ]
    return [(label, choices) for label, choices in groups if choices]


def subjects_of(ticket: Ticket) -> Sequence[Subject]:
    """Return what a ticket is about, as far as it is its owner's. Two queries."""
    lines = Line.objects.filter(owner=ticket.owner_id, public_id__in=ticket.about)
    orders = Order.objects.filter(owner=ticket.owner_id, public_id__in=ticket.about).select_related("line")
    return [
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


def _order_text(order: Order) -> str:
    return f"{moment(order.created_at)} · {format_money(order.total, get_language() or 'en')}"
