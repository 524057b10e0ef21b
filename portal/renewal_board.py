"""What the staff's board of renewals shows: figures, each leading to its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext

from billing import renewal_figures
from billing.charging_stops import standing_stop
from billing.declines import DECLINED
from billing.models import Charge, ChargingStop, InvariantReport, Subscription, TopUpRule
from billing.reason_words import ACTIONS, reason_words
from billing.renewal_figures import BY_STAFF, Forecast, Pile, Success
from esim.models import Line, ServiceState
from portal.admin_links import listed

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
LATE = timedelta(minutes=5)
STUCK = timedelta(minutes=30)
"""After these, what waits at the scheduler and in flight needs a person."""
ROWS = 12

State = Subscription.State
RUNNING = {"mode__in": [Subscription.Mode.ASK.value, Subscription.Mode.AUTOMATIC.value]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number; `note` says what it means now, `is_trouble` that somebody has to look."""

    title: str
    count: int
    note: str
    href: str
    is_trouble: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    count: int
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    title: str
    rows: Sequence[Row]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    stop: ChargingStop | None
    books_stop: bool
    figures: Sequence[Figure]
    successes: Sequence[tuple[str, Success]]
    forecast: Forecast
    foretold: Sequence[Row]
    panels: Sequence[Panel]


def board(*, now: datetime) -> Board:
    """Count everything the board shows; each figure is one set query."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    forecast = renewal_figures.forecast(now=now, until=now + HOUR)
    return Board(
        stop=standing_stop(),
        books_stop=InvariantReport.objects.stopping_money().exists(),
        figures=[_due(now), _later_today(now, today), _in_flight(now), _in_doubt(now)],
        successes=[
            (gettext("Today"), renewal_figures.success(today)),
            (gettext("Last 7 days"), renewal_figures.success(now - WEEK)),
        ],
        forecast=forecast,
        foretold=[
            Row(str(words), forecast.by_action[action])
            for action, words in ACTIONS.items()
            if action in forecast.by_action
        ],
        panels=[_declined(now), _past_due(), _paused(), _standing_lines()],
    )


def _due(now: datetime) -> Figure:
    pile = renewal_figures.due(now)
    states = [State.ACTIVE.value, State.PAST_DUE.value]
    return Figure(
        title=gettext("Due now"),
        count=pile.count,
        note=" ".join(filter(None, [_waiting(pile, now) or gettext("Nothing waits."), _put_off(now)])),
        href=listed(
            Subscription, {**RUNNING, "state__in": states, "charge_due_at__lte": now.isoformat(), "put_off": "no"}
        ),
        is_trouble=pile.age(now) > LATE,
    )


def _put_off(now: datetime) -> str:
    """Say how many more would be due: counted with the others, they would look as if no worker ran."""
    count = renewal_figures.put_off(now)
    if not count:
        return ""
    return ngettext("%(count)s more waits for something else.", "%(count)s more wait for something else.", count) % {
        "count": count
    }


def _later_today(now: datetime, today: datetime) -> Figure:
    midnight = today + timedelta(days=1)
    window = {"charge_due_at__gt": now.isoformat(), "charge_due_at__lt": midnight.isoformat()}
    states = [State.ACTIVE.value, State.PAST_DUE.value]
    return Figure(
        title=gettext("Due until midnight"),
        count=renewal_figures.due_between(now, midnight),
        note=gettext("Besides those due now."),
        href=listed(Subscription, {**RUNNING, "state__in": states, **window}),
    )


def _in_flight(now: datetime) -> Figure:
    pile = renewal_figures.in_flight(now)
    return Figure(
        title=gettext("Being charged"),
        count=pile.count,
        note=_waiting(pile, now) or gettext("Nothing is under way."),
        href=listed(Subscription, {"state__in": [State.IN_FLIGHT.value]}),
        is_trouble=pile.age(now) > STUCK,
    )


def _in_doubt(now: datetime) -> Figure:
    pile = renewal_figures.in_doubt()
    return Figure(
        title=gettext("In doubt at the gateway"),
        count=pile.count,
        note=_waiting(pile, now) or gettext("Every charge has its answer."),
        href=listed(Charge, {"state__in": [Charge.State.UNKNOWN.value], "off_session__exact": "1"}),
        is_trouble=pile.age(now) > HOUR,
    )


def _waiting(pile: Pile, now: datetime) -> str:
    if pile.since is None:
        return ""
    return gettext("The first for %(time)s.") % {"time": timesince(pile.since, now)}


def _declined(now: datetime) -> Panel:
    since = now - WEEK
    refused = {"phase__exact": Charge.State.DECLINED.value, "off_session__exact": "1", "settled_at__gte": since}
    rows = [
        Row(
            reason_words(f"{DECLINED}{code}"),
            count,
            listed(Charge, {**refused, "decline_code": code}),
        )
        for code, count in renewal_figures.declined(since)
    ]
    return Panel(
        title=gettext("Declined in the last 7 days"), rows=rows[:ROWS], empty=gettext("No bank refused a charge.")
    )


def _past_due() -> Panel:
    rows = [
        Row(
            ngettext("%(count)s decline in a row", "%(count)s declines in a row", declines) % {"count": declines},
            count,
            listed(Subscription, {**RUNNING, "state__in": [State.PAST_DUE.value], "declines": declines}),
        )
        for declines, count in renewal_figures.past_due()
    ]
    return Panel(title=gettext("Past due, by rung of the ladder"), rows=rows, empty=gettext("Nobody is past due."))


def _paused() -> Panel:
    def href(reason: str) -> str:
        if reason == BY_STAFF:
            return listed(Subscription, {**RUNNING, "paused_by": "staff"})
        return listed(Subscription, {**RUNNING, "state__in": [State.PAUSED.value], "reason": reason})

    rows = [Row(reason_words(reason), count, href(reason)) for reason, count in renewal_figures.paused()]
    return Panel(title=gettext("Paused, by reason"), rows=rows[:ROWS], empty=gettext("Nothing is paused."))


def _standing_lines() -> Panel:
    """Lines out of service by who may bring them back, and rules that top up."""
    suspended = Line.objects.filter(service_state=ServiceState.SUSPENDED).order_by()
    lines = suspended.values("suspended_for").annotate(count=Count("pk")).order_by("suspended_for")
    rows = [
        Row(
            gettext("Lines suspended: %(why)s") % {"why": _choice(Line, "suspended_for", group["suspended_for"])},
            group["count"],
            listed(
                Line, {"service_state__in": [ServiceState.SUSPENDED.value], "suspended_for": group["suspended_for"]}
            ),
        )
        for group in lines
    ]
    rules = [
        Row(
            gettext("Top-up rules: %(state)s") % {"state": _choice(TopUpRule, "state", state)},
            count,
            listed(TopUpRule, {"is_on__exact": 1, "state__exact": state}),
        )
        for state, count in renewal_figures.top_up_rules()
    ]
    return Panel(
        title=gettext("Suspended lines and top-up rules"),
        rows=[*rows, *rules],
        empty=gettext("No line is suspended, and nobody tops up by rule."),
    )


def _choice(model: Any, field: str, value: str) -> str:
    names: Iterable[tuple[Any, Any]] = model._meta.get_field(field).flatchoices  # noqa: SLF001
    return str(dict(names).get(value, value or gettext("no reason kept")))
