"""What lies ahead of one line: the end of its paid time, and what auto-renewal will do, asked of the scheduler itself.

For a moment to come the judge is asked as of that moment: a price that changes before the charge is seen today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from itertools import chain

from billing.charging_stops import is_stopped
from billing.foretelling import LOOKS_AGAIN, LOOKS_AHEAD, RELATED, Foreseen, foresee
from billing.models import RenewalQuestion, Subscription, TopUpRule
from billing.schedule import last_paid
from billing.timeline_events import Event, What, in_order, of_dunning, of_looks, of_plans, of_turns
from billing.turns import Turn, turns_of
from billing.verdicts import Action
from esim.models import Allowance, Line, ServiceState

Mode, State = Subscription.Mode, Subscription.State
DECISIVE = frozenset({Action.CHARGE, Action.PAUSE, Action.LAPSE, Action.REST})


class Outlook(StrEnum):
    """What comes of it if nobody does anything."""

    CLOSED = auto()  # the line is no more
    OFF = auto()  # nothing renews it
    UNDER_WAY = auto()  # being charged at this moment
    CHARGE = auto()
    TOO_LOW = auto()  # a charge of a balance that does not hold enough
    RETRY = auto()  # refused, and tried again
    ASK = auto()  # a question that has to be answered
    WILL_PAUSE = auto()  # something stands in the way of the charge
    PAUSED = auto()
    RESTS = auto()  # until its owner puts the line back into service
    UNKNOWN = auto()  # held by its limit for longer than we look


AT_REST: dict[str, Outlook] = {State.IN_FLIGHT: Outlook.UNDER_WAY, State.PAUSED: Outlook.PAUSED}
UNCHARGED: dict[Action | None, Outlook] = {
    Action.PAUSE: Outlook.WILL_PAUSE,
    Action.LAPSE: Outlook.ASK,
    Action.REST: Outlook.RESTS,
}
CHARGING = frozenset({Outlook.CHARGE, Outlook.TOO_LOW, Outlook.RETRY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`coming` is the next look of the scheduler that does more than look again, `decisive` the one that charges, pauses
    or lets lapse; until `change_until` it can be changed or stopped. `question` waits for an answer. `is_stopped`: for
    now nobody is charged automatically.
    """

    line: Line
    outlook: Outlook
    subscription: Subscription | None
    paid_until: datetime | None
    coming: Foreseen | None
    decisive: Foreseen | None
    question: RenewalQuestion | None
    is_stopped: bool
    events: Sequence[Event]

    @property
    def reason(self) -> str:
        """Why it is paused, or will be."""
        if self.decisive is not None:
            return self.decisive.reason
        return self.subscription.reason if self.subscription else ""

    @property
    def change_until(self) -> datetime | None:
        """The last moment to change or stop the next charge."""
        return self.decisive.at if self.decisive and self.decisive.charges else None

    @property
    def goes_on(self) -> bool:
        """Whether the next period begins where the paid time ends."""
        if self.outlook != Outlook.CHARGE or self.decisive is None:
            return self.outlook == Outlook.UNDER_WAY
        return self.paid_until is not None and self.decisive.starts_at <= self.paid_until

    def when(self, what: What) -> datetime | None:
        """Return when something happens first; None where it doesn't."""
        return next((event.at for event in self.events if event.what == what), None)


def timeline(
    *,
    line: Line,
    queued: Sequence[Allowance] = (),
    turns: Sequence[Turn] | None = None,
    runs_out_at: datetime | None = None,
    rule: TopUpRule | None = None,
    now: datetime,
) -> Timeline:
    """Foretell what lies ahead of a line, moments in their order; reads only.

    `queued` are plans that are granted and have not begun, `turns` those that wait behind them, `runs_out_at` is the forecast of its data, `rule` buys more
    when it runs low.
    """
    subscription = Subscription.objects.filter(line=line).select_related(*RELATED).first()
    row = turns_of([line.pk], now=now).get(line.pk, ()) if turns is None else turns
    paid = last_paid([line.pk], turns={line.pk: row}, now=now).get(line.pk)
    paid_until = paid.ends_at if paid else None
    looks = _looks(subscription, now=now)
    decisive = looks[-1] if looks and looks[-1].action in DECISIVE else None
    outlook = _outlook(line, subscription, decisive)
    events = chain(
        of_plans(queued, runs_out_at=runs_out_at, rule=rule, paid_until=paid_until),
        of_turns(row),
        of_looks(looks, now=now),
        of_dunning(looks[-1].subscription if looks else subscription, now=now),
    )
    return Timeline(
        line=line,
        outlook=outlook,
        subscription=subscription,
        paid_until=paid_until,
        coming=next((look for look in looks if look.action not in LOOKS_AGAIN), looks[-1] if looks else None),
        decisive=decisive,
        question=_question(subscription, now=now),
        is_stopped=outlook in CHARGING and is_stopped(),
        events=in_order(events),
    )


def _looks(subscription: Subscription | None, *, now: datetime) -> list[Foreseen]:
    """Return what the scheduler does each time it comes by, up to the one that decides."""
    if (
        subscription is None
        or subscription.mode == Mode.OFF
        or subscription.state not in (State.ACTIVE, State.PAST_DUE)
    ):
        return []
    looks: list[Foreseen] = []
    row, at = subscription, max(now, subscription.charge_due_at)
    while len(looks) < LOOKS_AHEAD:
        foreseen = foresee([row], now=at)
        if not foreseen:
            break
        look = foreseen[0]
        looks.append(look)
        if look.action in DECISIVE or look.next_at <= at:
            break
        row, at = look.verdict.moved(), look.next_at
    return looks


def _outlook(line: Line, subscription: Subscription | None, decisive: Foreseen | None) -> Outlook:
    if line.service_state == ServiceState.TERMINATED:
        return Outlook.CLOSED
    if subscription is None or subscription.mode == Mode.OFF:
        return Outlook.OFF
    if subscription.state in AT_REST:
        return AT_REST[subscription.state]
    if decisive is None or not decisive.charges:
        return UNCHARGED.get(decisive.action if decisive else None, Outlook.UNKNOWN)
    if subscription.state == State.PAST_DUE:
        return Outlook.RETRY
    return Outlook.CHARGE if decisive.is_covered else Outlook.TOO_LOW


def _question(subscription: Subscription | None, *, now: datetime) -> RenewalQuestion | None:
    if subscription is None or not subscription.asks_first or subscription.state != State.ACTIVE:
        return None
    asked = RenewalQuestion.objects.unanswered(now).filter(subscription=subscription)
    return asked.filter(period_index=subscription.period_index).first()
