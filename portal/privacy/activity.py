"""What happened on somebody's account, the latest first: the trail, with the payments among it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import trail
from accounts.models import AuditEvent, User
from billing.models import Charge
from portal.lib.money import Money

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = TypeVar("Row", bound=Model)

A_PAGE = 30
A_MOMENT = 300
"""How much of one moment a page takes in beyond its length: what a job did in one go."""


class Part(StrEnum):
    """What somebody may want to see by itself."""

    ALL = ""
    SIGN_IN = "sign-in"
    LINES = "lines"
    MONEY = "money"
    SUPPORT = "support"


PARTS: "dict[Part, _StrPromise]" = {
    Part.ALL: gettext_lazy("Everything"),
    Part.SIGN_IN: gettext_lazy("Signing in"),
    Part.LINES: gettext_lazy("Lines and codes"),
    Part.MONEY: gettext_lazy("Money"),
    Part.SUPPORT: gettext_lazy("Support"),
}
BY_STAFF = Q(action__contains="by_staff") | Q(action__startswith="ticket.") | Q(action__startswith="user.")
OF_SIGN_IN = (Q(action__startswith="account.") | Q(action__startswith="api_token.")) & ~BY_STAFF
OF_LINES = Q(action__startswith="line.") | Q(action__startswith="application.") | Q(action__startswith="document.")
CHARGE_STATES = (Charge.State.SUCCEEDED, Charge.State.DECLINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`order_id` leads to what was paid for; `money` is there for payments only."""

    label: str
    at: datetime
    ip_address: str | None = None
    reason: str = ""
    money: Money | None = None
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`older` is the moment from which the next page goes on; None where this is the last."""

    happenings: Sequence[Happening]
    older: datetime | None


def page_of(user: User, *, part: Part, before: datetime | None) -> Page:
    """Return what happened before a moment. Two queries, and one more where a page would end within a moment."""
    found = [*_events(user, part=part, before=before), *_payments(user, part=part, before=before)]
    found.sort(key=lambda one: one.at, reverse=True)
    last = found[A_PAGE - 1].at if len(found) > A_PAGE else None
    # What happened at the same moment stays on the same page: the next one begins before it.
    shown = found if last is None else [one for one in found if one.at >= last]
    has_more = len(shown) < len(found) or len(found) >= A_PAGE + A_MOMENT
    return Page(happenings=shown, older=last if has_more else None)


def _events(user: User, *, part: Part, before: datetime | None) -> list[Happening]:
    events = AuditEvent.objects.filter(subject=user, action__in=trail.LABELS)
    if before:
        events = events.filter(at__lt=before)
    match part:
        case Part.SIGN_IN:
            events = events.filter(OF_SIGN_IN)
        case Part.LINES:
            events = events.filter(OF_LINES)
        case Part.SUPPORT:
            events = events.filter(BY_STAFF)
        case Part.MONEY:
            events = events.exclude(OF_SIGN_IN | OF_LINES | BY_STAFF)
    newest = _a_page_of(events.order_by("-at", "-pk"), at=lambda event: event.at)
    traces = (trail.trace_of(event) for event in newest)
    return [
        Happening(label=str(trace.label), at=trace.at, ip_address=trace.ip_address, reason=trace.reason)
        for trace in traces
    ]


def _payments(user: User, *, part: Part, before: datetime | None) -> list[Happening]:
    if part not in {Part.ALL, Part.MONEY}:
        return []
    charges = Charge.objects.filter(order__owner=user, state__in=CHARGE_STATES, settled_at__isnull=False)
    if before:
        charges = charges.filter(settled_at__lt=before)
    newest = charges.select_related("order").order_by("-settled_at", "-pk")
    return [_payment(charge) for charge in _a_page_of(newest, at=lambda charge: charge.settled_at)]


def _a_page_of(newest: QuerySet[Row], *, at: Callable[[Row], datetime | None]) -> list[Row]:
    """Return what fills a page, the rest of the moment at which it ends, and a row more where there is more."""
    rows = list(newest[: A_PAGE + 1])
    if len(rows) > A_PAGE and at(rows[A_PAGE]) == at(rows[A_PAGE - 1]):
        rows += newest[A_PAGE + 1 : A_PAGE + A_MOMENT]
    return rows


def _payment(charge: Charge) -> Happening:
    took = charge.state == Charge.State.SUCCEEDED
    label = _("Payment taken") if took else _("Payment declined")
    return Happening(
        label=label, at=charge.settled_at or charge.created_at, money=charge.money, order_id=charge.order.public_id
    )
