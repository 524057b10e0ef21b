"""What starting a queued plan before its turn does to what runs; reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import QueuedPlan
from billing.turns import Turn, turns_of
from esim import allowances
from esim.models import Allowance, Line
from plans.terms import PlanTerms
from portal.lib.periods import boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A plan or data pack that goes on running; whichever ends first is used first."""

    allowance: Allowance
    is_used_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStart:
    """From when until when it would run, what runs beside it, and until when all time is paid, either way."""

    starts_at: datetime
    ends_at: datetime
    beside: Sequence[Beside]
    paid_until_waiting: datetime
    paid_until_started: datetime

    @property
    def lost(self) -> timedelta:
        """Paid time that runs twice, and is gone: never negative."""
        return max(timedelta(0), self.paid_until_waiting - self.paid_until_started)

    @property
    def days_lost(self) -> int:
        """Whole days, a begun one counted: fewer would be a pretence."""
        return -(-self.lost // timedelta(days=1))

    @property
    def waits_behind_unlimited(self) -> bool:
        """Whether unlimited data that is used first leaves nothing to take off it as long as that runs."""
        return any(one.is_used_first and one.allowance.data_bytes is None for one in self.beside)


def early_start(*, queued: QueuedPlan, now: datetime) -> EarlyStart:
    """Work out what is lost, and what is kept, if a waiting plan begins now."""
    return _early_start(queued, around=_around(queued.line, now=now), now=now)


def early_starts(line: Line, *, now: datetime) -> dict[int, EarlyStart]:
    """Work the same out for each plan that waits on a line, by its id. Four queries, and one a plan."""
    around = _around(line, now=now)
    waiting = [one.queued for one in around.row if one.queued.state == QueuedPlan.State.WAITING]
    return {queued.pk: _early_start(queued, around=around, now=now) for queued in waiting}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What waits on a line, what runs, and when what is granted ends."""

    row: Sequence[Turn]
    running: Sequence[Allowance]
    ends: Sequence[datetime]


def _around(line: Line, *, now: datetime) -> _Around:
    granted = Allowance.objects.filter(line=line, is_data_pack=False).not_ended(now)
    return _Around(
        row=turns_of([line.pk], now=now).get(line.pk, []),
        running=list(Allowance.objects.filter(line=line).running(now).select_related("sold").in_burn_order()),
        ends=list(granted.values_list("ends_at", flat=True)),
    )


def _early_start(queued: QueuedPlan, *, around: _Around, now: datetime) -> EarlyStart:
    line, row, terms = queued.line, around.row, PlanTerms.from_json(queued.order.plan_terms)
    period = now, boundary(now, terms.period, 1, line.zone)
    others = [one.terms for one in row if one.queued.pk != queued.pk]
    following = allowances.periods_after(line=line, plans=others, begins_at=now, beside=[period])
    return EarlyStart(
        starts_at=period[0],
        ends_at=period[1],
        beside=[Beside(allowance=one, is_used_first=one.ends_at <= period[1]) for one in around.running],
        paid_until_waiting=row[-1].ends_at if row else period[1],
        paid_until_started=following[-1][1] if following else max([period[1], *around.ends]),
    )
