"""The way of an order, step by step, as its timeline shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.models import Order
from billing.order_status import Status, moment
from billing.refund_words import RefundRow
from portal.lib.money import format_money


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    state: str
    title: str | Promise
    text: str | Promise = ""
    at: str = ""


def steps_of(
    order: Order, status: Status, refunds: Iterable[RefundRow] = (), late_at: datetime | None = None
) -> list[Step]:
    """Return the timeline: paid → accepted → sent to the network → confirmed → visible → refunds, each with its time.

    From `late_at` on it took longer than promised, which stands before the confirmation.
    """
    payment = (_("Paid") if order.paid_at else _("Payment"), order.paid_at)
    if status.is_queued:
        named = [payment, (_("Its turn"), None)]
    elif order.state == Order.State.REFUNDED and order.confirmed_at is None:
        named = [payment]  # cancelled in the queue: nobody was to deliver it
    elif order.kind in Order.Kind.BY_PAYING:
        done = _("Settled") if order.kind == Order.Kind.ARREARS else _("Added to your balance")
        named = [payment, (done, order.confirmed_at)]
    else:
        named = [
            payment,
            (_("Accepted"), order.accepted_at),
            (_("Sent to the network"), order.sent_at),
            (_("Confirmed"), order.confirmed_at),
            # What the network granted is written down together with its yes.
            (_("Visible on your line"), order.confirmed_at),
        ]
    steps, is_next = [], True
    for title, at in named:
        state = "done" if at else _open_step_state(order, status) if is_next else "waiting"
        steps.append(Step(state=state, title=title, at=moment(at) if at else ""))
        is_next = at is not None
    if late_at is not None:
        late = Step(state="done", title=_("Longer than promised: a request for help was opened"), at=moment(late_at))
        steps.insert(sum(at is not None and at <= late_at for _title, at in named), late)
    return [*steps, *map(_refund_step, refunds)]


def _refund_step(refund: RefundRow) -> Step:
    state = {"success": "done", "warning": "current"}.get(refund.kind, "failed")
    money = format_money(refund.money, get_language() or "en")
    title = _("Refund of %(money)s: %(where)s") % {"money": money, "where": refund.goes_to}
    text = " · ".join(str(part) for part in (refund.state, refund.text) if part)
    return Step(state=state, title=title, text=text, at=moment(refund.at))


def _open_step_state(order: Order, status: Status) -> str:
    if order.state in (Order.State.UNDELIVERABLE, Order.State.EXPIRED, Order.State.CANCELLED):
        return "failed"
    return "failed" if status.kind == "error" else "current"
