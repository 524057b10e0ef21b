"""How much data the owner of a line means to use a day and a month: reaching it tells them, and stops nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum, auto
from zoneinfo import ZoneInfo

from accounts.notice_sets import Draft, Recipient, draft
from esim.models import DailyUsage, Line, UsageBudget
from portal.lib.dates import midnight
from portal.lib.due_rows import among

Used = Mapping[int, Mapping[date, int]]

TOLD_AT = (100, 80)
"""Percent of a budget, the highest first: of several reached at once only the first is told of."""


class Span(StrEnum):
    DAY = auto()
    MONTH = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was used of a budget from `begins_date` until `ends_at`, the line's next midnight or next first of a month."""

    span: Span
    used_bytes: int
    limit_bytes: int
    begins_date: date
    ends_at: datetime

    @property
    def percent(self) -> int:
        """Share of the budget used, above 100 where it was passed."""
        return self.used_bytes * 100 // self.limit_bytes

    @property
    def percent_drawn(self) -> int:
        """Share of the budget used, 100 where it was passed."""
        return min(100, self.percent)

    @property
    def told_at(self) -> int | None:
        """Return which of TOLD_AT is reached."""
        return next((percent for percent in TOLD_AT if self.percent >= percent), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """The budgets of a line and what was used of them; None where none is set."""

    daily: Spent | None = None
    monthly: Spent | None = None

    @property
    def parts(self) -> list[Spent]:
        """Those that are set."""
        return [spent for spent in (self.daily, self.monthly) if spent is not None]


def save_budget(line: Line, daily_bytes: int | None, monthly_bytes: int | None, *, now: datetime) -> UsageBudget | None:
    """Set what the owner means to use, in bytes above nothing; None for no budget. Return the row, if one is left."""
    if daily_bytes is None and monthly_bytes is None:
        UsageBudget.objects.filter(line=line).delete()
        return None
    budget, _is_new = UsageBudget.objects.update_or_create(
        line=line, defaults={"daily_bytes": daily_bytes, "monthly_bytes": monthly_bytes, "changed_at": now}
    )
    return budget


def state_of(line: Line, now: datetime) -> BudgetState:
    """Return how much of a line's budgets is used. Two queries."""
    budget = UsageBudget.objects.filter(line=line).first()
    if budget is None:
        return BudgetState()
    by_span = {spent.span: spent for spent in _spent(budget, _used([budget], now=now), zone=line.zone, now=now)}
    return BudgetState(daily=by_span.get(Span.DAY), monthly=by_span.get(Span.MONTH))


def drafts(lines: Collection[int], *, now: datetime) -> Iterator[Draft]:
    """Yield what to tell the owners of lines about their budgets now; the keys say what was told before."""
    budgets = list(UsageBudget.objects.filter(line__in=among(lines)).select_related("line__owner"))
    used = _used(budgets, now=now) if budgets else {}
    for budget in budgets:
        for spent in _spent(budget, used, zone=budget.line.zone, now=now):
            if spent.told_at is not None:
                yield _draft(budget.line, spent, percent=spent.told_at, now=now)


def _used(budgets: Collection[UsageBudget], *, now: datetime) -> Used:
    """Return the data used on each day of the month, by line and then by day."""
    # A day more than any zone's month has before it.
    first = (now - timedelta(days=1)).date().replace(day=1)
    rows = DailyUsage.objects.filter(line__in=[budget.line_id for budget in budgets], date__gte=first)
    by_line: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for line, day, used in rows.values_list("line_id", "date", "data_bytes"):
        by_line[line][day] = used
    return by_line


def _spent(budget: UsageBudget, used: Used, *, zone: ZoneInfo, now: datetime) -> Iterator[Spent]:
    by_day = used.get(budget.line_id, {})
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    if budget.daily_bytes is not None:
        yield Spent(
            span=Span.DAY,
            used_bytes=by_day.get(today, 0),
            limit_bytes=budget.daily_bytes,
            begins_date=today,
            ends_at=midnight(today + timedelta(days=1), zone),
        )
    if budget.monthly_bytes is not None:
        of_month = (n for day, n in by_day.items() if month <= day < next_month)
        yield Spent(
            span=Span.MONTH,
            used_bytes=sum(of_month),
            limit_bytes=budget.monthly_bytes,
            begins_date=month,
            ends_at=midnight(next_month, zone),
        )


def _draft(line: Line, spent: Spent, *, percent: int, now: datetime) -> Draft:
    context = {
        "line": str(line),
        "line_id": line.public_id,
        "span": spent.span.value,
        "percent": percent,
        "used_bytes": spent.used_bytes,
        "limit_bytes": spent.limit_bytes,
        "ends_at": spent.ends_at.isoformat(),
    }
    key = f"budget-{percent}:{line.public_id}:{spent.span}:{spent.begins_date.isoformat()}:{spent.limit_bytes}"
    return draft(recipient=Recipient.of(line.owner), kind="budget_alert", key=key, context=context, now=now)
