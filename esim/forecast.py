"""How long a line's data lasts at the rate of its last days: arithmetic on rows at hand, no query.

Allowances burn as `esim.allowances` burns them: what ends first is used first, and what is left at its end lapses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum, auto
from statistics import median_low
from zoneinfo import ZoneInfo

from esim.models import Allowance

HISTORY_DAYS = 30
FEWEST_DAYS = 3
SURE_FROM_DAYS = 14
DAY = timedelta(days=1)
DAY_SECONDS = 24 * 60 * 60


class Confidence(StrEnum):
    """How far a forecast can be believed; with TOO_LITTLE history there is none."""

    TOO_LITTLE = auto()
    ROUGH = auto()
    GOOD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What was used on the days that count, today not among them."""

    total_bytes: int
    days: int
    confidence: Confidence

    @property
    def daily_bytes(self) -> int:
        return self.total_bytes // self.days if self.days else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapPattern:
    """On how many days the full speed of an unlimited plan was used up.

    `slow_from` is the median time of day, on the wall clock of the line, had each of those days been used evenly.
    """

    capped_days: int
    slow_from: time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`runs_out_at` is when data is missing for the first time; None where it outlasts `covered_until`, the end of
    the time that is paid without a gap, and where nothing can be said. `cap` is there for an unlimited plan.
    """

    rate: Rate
    runs_out_at: datetime | None
    covered_until: datetime | None
    cap: CapPattern | None

    @property
    def foretells(self) -> bool:
        """Whether the data runs at a known rate towards an end."""
        is_known = self.rate.confidence != Confidence.TOO_LITTLE and self.rate.daily_bytes > 0
        return is_known and self.cap is None and self.covered_until is not None

    @property
    def is_rough(self) -> bool:
        return self.rate.confidence == Confidence.ROUGH


def forecast(*, allowances: Sequence[Allowance], usage: Mapping[date, int], zone: ZoneInfo, now: datetime) -> Forecast:
    """Foretell from `usage`, by days of the line; `allowances` are its own in burn order, ended ones among them."""
    days = days_that_count(allowances=allowances, usage=usage, zone=zone, now=now)
    amounts = [usage.get(day, 0) for day in days]
    rate = rate_of(amounts)
    covered_until = _covered_until(allowances, now=now)
    runs_out_at = None
    if covered_until is not None and rate.confidence != Confidence.TOO_LITTLE:
        runs_out_at = _run_out(allowances, rate=rate, now=now, until=covered_until)
    return Forecast(
        rate=rate, runs_out_at=runs_out_at, covered_until=covered_until, cap=_cap_pattern(allowances, amounts, now=now)
    )


def days_that_count(
    *, allowances: Iterable[Allowance], usage: Mapping[date, int], zone: ZoneInfo, now: datetime
) -> list[date]:
    """Return the days to learn from, oldest first.

    They begin with the first that saw use, since before it the line may have lain in a drawer, and leave out those
    without a plan, when nothing could be used. Today is not over.
    """
    today = now.astimezone(zone).date()
    window = [today - back * DAY for back in range(HISTORY_DAYS, 0, -1)]
    first = min((day for day in window if usage.get(day)), default=today)
    spans = [(one.starts_at.astimezone(zone).date(), one.ends_at.astimezone(zone).date()) for one in allowances]
    return [day for day in window if usage.get(day) or (day > first and any(a <= day <= b for a, b in spans))]


def rate_of(amounts: Sequence[int]) -> Rate:
    """Return the mean of these days; where they scatter by more than their mean it stays rough, however many."""
    days, total = len(amounts), sum(amounts)
    if days < FEWEST_DAYS:
        confidence = Confidence.TOO_LITTLE
    # Variance <= mean squared, in whole numbers.
    elif days >= SURE_FROM_DAYS and days * sum(amount * amount for amount in amounts) <= 2 * total * total:
        confidence = Confidence.GOOD
    else:
        confidence = Confidence.ROUGH
    return Rate(total_bytes=total, days=days, confidence=confidence)


def _covered_until(allowances: Sequence[Allowance], *, now: datetime) -> datetime | None:
    """Return the end of the time that is paid from now on without a gap."""
    until: datetime | None = None
    while ends := [one.ends_at for one in allowances if one.starts_at <= (until or now) < one.ends_at]:
        until = max(ends)
    return until


def _run_out(allowances: Sequence[Allowance], *, rate: Rate, now: datetime, until: datetime) -> datetime | None:
    """Use data up from one begin or end of an allowance to the next, until some is missing."""
    left = [one.remaining_bytes for one in allowances]
    edges = {moment for one in allowances for moment in (one.starts_at, one.ends_at) if now < moment <= until}
    begins = now
    for ends in sorted(edges):
        burning = [spot for spot, one in enumerate(allowances) if one.starts_at <= begins < one.ends_at]
        lasting = _lasting(left, burning, rate=rate, span=ends - begins)
        if lasting is not None:
            return begins + lasting
        begins = ends
    return None


def _lasting(left: list[int | None], burning: Sequence[int], *, rate: Rate, span: timedelta) -> timedelta | None:
    """Take a span's use off what is `left`; return how long it lasted where it did not last the span."""
    seconds = int(span.total_seconds())
    needed = had = rate.total_bytes * seconds // (rate.days * DAY_SECONDS)
    for spot in burning:
        amount = left[spot]
        if amount is None:
            return None
        taken = min(amount, needed)
        left[spot], needed = amount - taken, needed - taken
    return timedelta(seconds=seconds * (had - needed) // had) if needed else None


def _cap_pattern(allowances: Sequence[Allowance], amounts: Sequence[int], *, now: datetime) -> CapPattern | None:
    running = (one for one in allowances if one.data_bytes is None and one.starts_at <= now < one.ends_at)
    cap = next((one.daily_cap_bytes or 0 for one in running), None)
    if cap is None:
        return None
    minutes = [24 * 60 * cap // amount for amount in amounts if amount > cap]
    slow_from = divmod(median_low(minutes), 60) if minutes else None
    return CapPattern(capped_days=len(minutes), slow_from=time(*slow_from) if slow_from else None)
