"""Where an order stands, in words: for its page and for lists."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.declines import code_to_show, explain
from billing.models import Charge, Order
from billing.turns import Turn
from billing.withdrawn import TURNED_OFF
from portal.lib.dates import format_clock
from portal.lib.saying import say_day, say_moment

State = Order.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What happened, what it means for the money, and what can be done; `kind` is that of the alert."""

    kind: str
    title: str | Promise
    text: str | Promise
    code: str = ""
    is_moving: bool = False
    can_pay: bool = False
    can_continue: bool = False
    can_confirm: bool = False
    can_cancel: bool = False
    is_queued: bool = False


SETTING_UP = Status(
    kind="info",
    title=_("Paid. We are setting it up"),
    text=_("This takes a minute as a rule and 30 minutes at most. You can leave this page."),
    is_moving=True,
)
ON_ITS_WAY = Status(
    kind="info",
    title=_("Your payment is on its way"),
    text=_("The money is not here yet. Do not pay again: this page shows when it arrives, and we write to you."),
    is_moving=True,
)
LATE = Status(
    kind="warning",
    title=_("Paid. It takes longer than we promised"),
    text=_(
        "Your money is safe, and a request for help is open for you. We keep asking the network and write to you as soon"
        " as it is there; what cannot be delivered is paid back. Do not buy it again."
    ),
    is_moving=True,
)
STATUSES = {
    State.PAID: SETTING_UP,
    State.FULFILLING: SETTING_UP,
    State.UNDELIVERABLE: Status(
        kind="error",
        title=_("The network could not deliver this"),
        text=_("The whole price is back in your balance. Buy again, or choose another plan."),
    ),
    State.TAKING_BACK: Status(
        kind="info",
        title=_("We are taking it back"),
        text=_("The network is asked first; then your money goes back. You can leave this page."),
        is_moving=True,
    ),
    State.REFUNDED: Status(
        kind="success",
        title=_("Taken back"),
        text=_("What you paid for it goes back to you. Below you see how far it is."),
    ),
    State.CANCELLED: Status(kind="info", title=_("You cancelled this order"), text=_("Nothing was charged.")),
    State.EXPIRED: Status(
        kind="info", title=_("Not paid in time"), text=_("Nothing was charged. You can buy it again at today's price.")
    ),
}
CALLED_OFF = Status(
    kind="info",
    title=_("This was called off"),
    text=_("It was to be bought by itself, and that was turned off before your bank was asked. Nothing was charged."),
)


def title_of(order: Order) -> str | Promise:
    """Say what the order is for: the heading of its page."""
    if order.kind == Order.Kind.CREDIT:
        return _("Add money")
    if order.kind == Order.Kind.ARREARS:
        return _("What was owed for %(line)s") % {"line": order.line} if order.line else _("What was owed")
    titles = {
        Order.Kind.RENEWAL: _("Renewal of %(line)s"),
        Order.Kind.TOP_UP: _("More data for %(line)s"),
        Order.Kind.NEW_LINE: _("New line %(line)s"),
    }
    return titles[Order.Kind(order.kind)] % {"line": order.line or order.nickname}


def status_of(
    order: Order,
    charge: Charge | None,
    *,
    to_install: bool,
    now: datetime,
    is_late: bool = False,
    turn: Turn | None = None,
) -> Status:
    """Say where an order stands at `now`, given its latest charge and whether its line waits to be installed.

    `is_late`: a ticket is open because it takes longer than promised. `turn`: it waits for it in the queue.
    """
    if turn is not None:
        return _queued(turn)
    if is_late and order.state in State.IN_FLIGHT:
        return LATE
    if order.state == State.PENDING:
        return _unpaid(charge)
    if order.state == State.FULFILLED:
        return _delivered(order, to_install=to_install, now=now)
    if order.state == State.CANCELLED and order.note == TURNED_OFF:
        return CALLED_OFF
    return STATUSES[State(order.state)]


def _delivered(order: Order, *, to_install: bool, now: datetime) -> Status:
    if order.kind == Order.Kind.CREDIT:
        return Status(kind="success", title=_("The money is in your balance"), text=_("You can use it right away."))
    if order.kind == Order.Kind.ARREARS:
        return Status(kind="success", title=_("Settled"), text=_("Nothing of this is owed any more."))
    if to_install:
        return Status(
            kind="success", title=_("Your new line is ready"), text=_("Install it on your phone to start using it.")
        )
    text = _("Your line can use it now.")
    if order.starts_at and order.starts_at > now:
        text = _("It begins by itself when the time you have now ends. No day is lost.")
    return Status(kind="success", title=_("Confirmed by the network"), text=text)


def _queued(turn: Turn) -> Status:
    text = _("It begins by itself on %(start)s, when the plans before it end, and lasts until %(end)s.")
    times = {"start": say_day(turn.starts_at), "end": say_day(turn.ends_at)}
    return Status(kind="success", title=_("Paid. It waits its turn"), text=text % times, is_queued=True)


def _unpaid(charge: Charge | None) -> Status:
    state = charge.state if charge is not None else None
    has_page = bool(charge and charge.page_url)
    match state:
        case Charge.State.DECLINED:
            decline = explain(charge.decline_code) if charge else explain("")
            return Status(
                kind="error",
                title=decline.sentence,
                text=decline.advice,
                code=code_to_show(charge.decline_code) if charge else "",
                can_pay=True,
                can_cancel=True,
            )
        case Charge.State.UNKNOWN:
            return Status(
                kind="warning",
                title=_("We are checking with the bank"),
                text=_("The bank's answer got lost on the way. Do not pay again: we ask the bank and show it here."),
                is_moving=True,
            )
        case Charge.State.NEEDS_ACTION:
            return Status(
                kind="warning",
                title=_("Your bank wants you to confirm"),
                text=_("Nothing is charged until you do. Confirm in your bank's app or on its page."),
                is_moving=has_page,
                can_continue=has_page,
                can_confirm=not has_page,
                can_cancel=True,
            )
        case Charge.State.CREATED | Charge.State.PENDING:
            return _under_way(charge)
        case Charge.State.ABANDONED:
            return Status(
                kind="info",
                title=_("The payment was not finished"),
                text=_("Nothing was charged. The order waits for you."),
                can_pay=True,
                can_cancel=True,
            )
    return Status(
        kind="info",
        title=_("Waiting for your payment"),
        text=_("Nothing was charged yet. Choose how to pay."),
        can_pay=True,
        can_cancel=True,
    )


def _under_way(charge: Charge | None) -> Status:
    if charge is not None and charge.method_id is not None:
        return Status(
            kind="info",
            title=_("Your bank is being asked"),
            text=_("This takes a few seconds as a rule. You can leave this page: the answer will stand here."),
            is_moving=True,
        )
    if charge is not None and charge.paid_with:
        return ON_ITS_WAY
    return Status(
        kind="info",
        title=_("Waiting for your payment"),
        text=_("Finish on the payment page, or pay another way. If you have paid, this page will say so shortly."),
        is_moving=True,
        can_continue=True,
        can_cancel=True,
    )


def moment(when: datetime) -> str:
    """Write a time of today as a clock, an earlier one with its day; in the reader's zone."""
    local = timezone.localtime(when)
    if local.date() == timezone.localdate():
        return format_clock(local, get_language() or "en")
    return say_moment(when)
