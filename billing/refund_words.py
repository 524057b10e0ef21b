"""Refunds in their owner's words: where the money goes, how far it is, and what to give back may mean."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from billing.means import name_of
from billing.models import Charge, Order, Refund
from billing.refundable import Part, Source
from portal.lib.money import Money, format_money

State = Refund.State
IN_BALANCE = _("Your balance")

STATES: dict[State, tuple[str, Promise]] = {
    State.REQUESTED: ("warning", _("Being looked at")),
    State.TAKING_BACK: ("warning", _("When the plan is taken back")),
    State.CREATED: ("warning", _("On its way")),
    State.PENDING: ("warning", _("On its way")),
    State.UNKNOWN: ("warning", _("On its way")),
    State.SUCCEEDED: ("success", _("Given back")),
    State.FAILED: ("error", _("Did not arrive")),
    State.REFUSED: ("neutral", _("Not given back")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """One refund in a list or on a timeline; `kind` is that of its badge."""

    order: Order
    money: Money
    goes_to: str | Promise
    kind: str
    state: Promise
    text: str | Promise
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where one part of what was paid goes back to, and when it is there."""

    money: Money
    goes_to: str | Promise
    when: Promise

    def __str__(self) -> str:
        money = format_money(self.money, get_language() or "en")
        return gettext("%(where)s: %(money)s, %(when)s.") % {"where": self.goes_to, "money": money, "when": self.when}


def refund_row(refund: Refund) -> RefundRow:
    kind, state = STATES[State(refund.state)]
    return RefundRow(
        order=refund.order,
        money=refund.money,
        goes_to=_where(refund.charge if refund.goes_to == Refund.Destination.PAYER else None),
        kind=kind,
        state=state,
        text=_text(refund),
        at=refund.settled_at or refund.created_at,
    )


def ways_back(parts: list[Part]) -> list[Way]:
    """Say where what was paid goes back to, if it goes the way it came."""
    return [
        Way(
            money=part.money,
            goes_to=_where(part.charge),
            when=_("in 5 to 10 days, as banks do") if part.charge else _("at once"),
        )
        for part in parts
    ]


def can_be_balance(parts: list[Part]) -> bool:
    """Tell whether the buyer may have it as balance instead: not what is, or goes, there anyway."""
    return any(
        part.charge is not None and not part.charge.by_link and part.taken_from != Source.WALLET for part in parts
    )


def _where(charge: Charge | None) -> str | Promise:
    if charge is None:
        return IN_BALANCE
    if charge.by_link:
        return gettext("Who paid with your link")
    return str(charge.method) if charge.method else name_of(charge.paid_with)


def _text(refund: Refund) -> str | Promise:
    match refund.state:
        case State.SUCCEEDED if refund.goes_to == Refund.Destination.PAYER:
            return _("Your bank shows it within 5 to 10 days.")
        case State.FAILED:
            return _("The bank sent it back to us. We are looking at it.")
        case State.REFUSED:
            return _("The network would not take the plan back.")
    return ""
