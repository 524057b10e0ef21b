"""The moments that lie ahead of a line: what is paid for, each look of the scheduler, and what follows a refusal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum, auto

from billing import charge_notices, dunning, notice_keys
from billing.foretelling import Foreseen
from billing.models import Subscription, TopUpRule
from billing.turns import Turn
from billing.verdicts import Action, Reason
from esim.models import Allowance, ServiceState
from plans.models import PlanPrice
from portal.lib.money import Money

Mode, State = Subscription.Mode, Subscription.State


class What(StrEnum):
    """What happens at a moment of a timeline; at the same moment in this order."""

    RUNS_OUT = auto()
    PRICE_CHANGES = auto()
    ANNOUNCED = auto()
    NOTICE = auto()
    CARD_EXPIRES = auto()
    QUESTION = auto()
    REMINDER = auto()
    HELD = auto()
    PAUSE = auto()
    CHARGE = auto()
    RETRY = auto()
    END = auto()
    PLAN_BEGINS = auto()
    TURN = auto()
    SUSPENSION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One moment ahead, with what it is about: a rule, an allowance that begins, a queued plan, a price, a look of the scheduler."""

    what: What
    at: datetime
    rule: TopUpRule | None = None
    allowance: Allowance | None = None
    turn: Turn | None = None
    price: Money | None = None
    foreseen: Foreseen | None = None


def in_order(events: Iterator[Event]) -> list[Event]:
    """Return them by their moment, those of one moment in the order of `What`."""
    rank = {what: position for position, what in enumerate(What)}
    return sorted(events, key=lambda event: (event.at, rank[event.what]))


def of_plans(
    queued: Sequence[Allowance],
    *,
    runs_out_at: datetime | None,
    rule: TopUpRule | None,
    paid_until: datetime | None,
) -> Iterator[Event]:
    if runs_out_at is not None:
        yield Event(what=What.RUNS_OUT, at=runs_out_at, rule=rule)
    for allowance in queued:
        yield Event(what=What.PLAN_BEGINS, at=allowance.starts_at, allowance=allowance)
    if paid_until is not None:
        yield Event(what=What.END, at=paid_until)


def of_turns(turns: Sequence[Turn]) -> Iterator[Event]:
    for turn in turns:
        yield Event(what=What.TURN, at=turn.starts_at, turn=turn)


def of_looks(looks: Sequence[Foreseen], *, now: datetime) -> Iterator[Event]:
    asked = False
    for look in looks:
        match look.action:
            case Action.CHARGE:
                yield Event(what=What.CHARGE, at=look.at, foreseen=look)
                yield from _card_that_expires(look, now=now)
                if look is looks[0]:
                    yield from _notices(look, now=now)
            case Action.PAUSE:
                yield from _of_pause(look, now=now)
            case Action.HOLD:
                yield Event(what=What.HELD, at=look.at, foreseen=look)
            case Action.ANNOUNCE:
                yield Event(what=What.ANNOUNCED, at=look.at, foreseen=look)
            case Action.ASK:
                what = What.REMINDER if asked or _was_asked(look) else What.QUESTION
                asked = True
                yield Event(what=what, at=look.at, foreseen=look)


def _was_asked(look: Foreseen) -> bool:
    return look.subscription.asked_index == look.period_index


def _card_that_expires(look: Foreseen, *, now: datetime) -> Iterator[Event]:
    if look.card is not None and look.card_part:
        zone = look.subscription.line.owner.zone
        expires_at = datetime.combine(look.card.last_day, time.max, zone).astimezone(UTC)
        if expires_at < look.at:
            yield Event(what=What.CARD_EXPIRES, at=max(now, expires_at), foreseen=look)


def _notices(look: Foreseen, *, now: datetime) -> Iterator[Event]:
    """Name the notices to come before a charge; those before one that the scheduler moves first are not foretold."""
    subscription = look.subscription
    if subscription.state != State.ACTIVE or subscription.charge_due_at != look.at:
        return
    for rung in notice_keys.rungs(subscription.plan.period):
        if (at := charge_notices.look_at(subscription, rung)) > now:
            yield Event(what=What.NOTICE, at=at, foreseen=look)


def _of_pause(look: Foreseen, *, now: datetime) -> Iterator[Event]:
    yield Event(what=What.PAUSE, at=look.at, foreseen=look)
    if look.reason == Reason.PRICE_CHANGED:
        begun = PlanPrice.objects.filter(
            plan=look.subscription.plan_id, currency=look.subscription.currency, valid_from__lte=look.at
        )
        since = begun.order_by("-valid_from").values_list("valid_from", flat=True).first()
        if since is not None and since > now:
            yield Event(what=What.PRICE_CHANGES, at=since, price=look.list_price, foreseen=look)


def of_dunning(subscription: Subscription | None, *, now: datetime) -> Iterator[Event]:
    """Name the rungs that follow the next attempt, should each be refused, and what ends the ladder."""
    if subscription is None or subscription.mode == Mode.OFF:
        return
    suspend_at = subscription.suspend_due_at
    if subscription.state == State.PAST_DUE:
        at, declines = max(now, subscription.charge_due_at), subscription.declines
        while (again := dunning.next_attempt_at(declines=declines + 1, declined_at=at)) is not None:
            at, declines = again, declines + 1
            yield Event(what=What.RETRY, at=at)
        if suspend_at is not None:
            # Rungs that are late, because nothing was charged for a while, move it; nothing brings it forward.
            suspend_at = max(suspend_at, dunning.suspend_due_at(paid_until=None, last_attempt_at=at))
    if suspend_at is not None and subscription.line.service_state == ServiceState.ACTIVE:
        yield Event(what=What.SUSPENSION, at=suspend_at)
