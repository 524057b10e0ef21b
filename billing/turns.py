"""When queued plans begin and end, foretold from what is paid; reads only."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import QueuedPlan
from esim import allowances
from esim.models import Allowance, Line, SuspendedFor
from plans.sold import row_of
from plans.terms import PlanTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A queued plan with the time that it will have, if nothing before it changes."""

    queued: QueuedPlan
    starts_at: datetime
    ends_at: datetime

    @property
    def terms(self) -> PlanTerms:
        return PlanTerms.from_json(self.queued.order.plan_terms)

    def as_allowance(self) -> Allowance:
        """Return what it will grant, as far as its name and time are concerned; not to be saved."""
        order = self.queued.order
        return Allowance(
            public_id=self.queued.public_id,
            line_id=self.queued.line_id,
            plan=order.plan,
            sold=row_of(self.terms),
            granted_for=order.public_id,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


def turns_of(line_ids: Collection[int], *, now: datetime) -> dict[int, list[Turn]]:
    """Return, by line, what is paid and not granted yet, in the order of its turns. One query, and one a line with some."""
    return turns_at(dict.fromkeys(line_ids, now))


def turns_at(moments: Mapping[int, datetime]) -> dict[int, list[Turn]]:
    """Return the same as of a moment for each line."""
    if not moments:
        return {}
    rows: defaultdict[int, list[QueuedPlan]] = defaultdict(list)
    ahead = QueuedPlan.objects.ahead().filter(line__in=list(moments))
    for queued in ahead.select_related("order__plan", "line"):
        rows[queued.line_id].append(queued)
    return {line_id: foretold(row, now=moments[line_id]) for line_id, row in rows.items()}


def foretold(row: Sequence[QueuedPlan], *, now: datetime) -> list[Turn]:
    """Give each plan of a line's queue its time. A moment yet to come may be asked for: it finds them begun in time."""
    fixed = [one for one in row if one.order.starts_at and one.order.ends_at]
    waiting = [one for one in row if one not in fixed]
    known = [(one.order.starts_at, one.order.ends_at) for one in fixed if one.order.starts_at and one.order.ends_at]
    terms = [PlanTerms.from_json(one.order.plan_terms) for one in waiting]
    times = known
    if waiting:
        begins_at = _not_before(waiting[0], now=now)
        line = row[0].line
        times = known + allowances.periods_after(line=line, plans=terms, begins_at=begins_at, beside=known)
    pairs = zip([*fixed, *waiting], times, strict=True)
    return [Turn(queued=one, starts_at=starts_at, ends_at=ends_at) for one, (starts_at, ends_at) in pairs]


def _not_before(first: QueuedPlan, *, now: datetime) -> datetime:
    """Return from when the first one could run: nothing begins on a line that its owner has suspended."""
    if rests(first.line):
        return now
    return first.order.paid_at or now


def rests(line: Line) -> bool:
    """Tell whether its owner suspended the line; its plans wait until it is back in service."""
    return line.is_suspended and line.suspended_for == SuspendedFor.OWNER
