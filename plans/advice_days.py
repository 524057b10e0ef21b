"""Days of use as running totals, and the periods a plan would have taken to cover them.

Whatever lies behind the last day is the same days again from the beginning: so a period that goes on after them is
filled as the days before were. Whole numbers throughout; nothing here walks day by day for a plan.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate, pairwise

from portal.lib.periods import Period, PeriodUnit, day_after


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """What was used on one day of a line: bytes, minutes begun, messages."""

    date: date
    data_bytes: int = 0
    minutes: int = 0
    sms: int = 0

    @property
    def is_idle(self) -> bool:
        return not (self.data_bytes or self.minutes or self.sms)


class Totals:
    """Running totals of one amount a day, repeated without end."""

    def __init__(self, amounts: Iterable[int]) -> None:
        self.before = list(accumulate(amounts, initial=0))
        self.days = len(self.before) - 1
        self.all = self.before[-1]

    def until(self, day: int) -> int:
        rounds, rest = divmod(day, self.days)
        return rounds * self.all + self.before[rest]

    def between(self, first: int, end: int) -> int:
        """Return the sum of the days from `first` until, not including, `end`."""
        if end <= self.days:
            return self.before[end] - self.before[first]
        return self.until(end) - self.until(first)

    def gone_on(self, first: int, amount: int) -> int:
        """Return the day on which `amount` does not suffice any more; there must be use at all."""
        rounds, rest = divmod(self.until(first) + amount, self.all)
        return rounds * self.days + bisect_right(self.before, rest) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """One period: days `first` until, not including, `end`, of which `counted` lie among the days that are known."""

    first: int
    end: int
    counted: int

    @property
    def length(self) -> int:
        return self.end - self.first


class Periods:
    """The periods in which a plan covers the days; `part` is the one that goes on after them, if any does."""

    def __init__(self, whole: Sequence[Span], part: Span | None, data: Totals) -> None:
        self.part = part
        needs = sorted(((data.between(span.first, span.end), span) for span in whole), key=lambda pair: pair[0])
        self.needs = [need for need, _ in needs]
        self.by_need = [span for _, span in needs]
        self.before = list(accumulate(self.needs, initial=0))
        self.part_need = data.between(part.first, part.end) if part else 0

    @property
    def count(self) -> int:
        return len(self.needs)

    def left_over(self, data_bytes: int) -> tuple[int, Sequence[int], Sequence[Span]]:
        """Return what whole periods of so much data leave unused; what each of the others needs, and those others."""
        enough = bisect_right(self.needs, data_bytes)
        return data_bytes * enough - self.before[enough], self.needs[enough:], self.by_need[enough:]


class History:
    """Days of use without a gap between them. Where use `goes_on`, the last period counts by its share."""

    def __init__(self, days: Sequence[DayUse], *, goes_on: bool) -> None:
        self.days = days
        self.goes_on = goes_on
        self.data = Totals(day.data_bytes for day in days)
        self.minutes = Totals(day.minutes for day in days)
        self.sms = Totals(day.sms for day in days)
        self.with_data = self._with_any(self.data)
        self.busy = [index for index, day in enumerate(days) if not day.is_idle]
        self._periods: dict[tuple[str, int], Periods] = {}
        self.over = cache(self._over)
        self.with_any = cache(self._with_any)

    def __len__(self) -> int:
        return len(self.days)

    def periods(self, unit: str, count: int) -> Periods:
        """Lay periods over the days: each begins on a day with use that none covers yet."""
        found = self._periods.get((unit, count))
        if found is None:
            found = self._periods[unit, count] = self._laid(Period(PeriodUnit(unit), count))
        return found

    def _over(self, cap_bytes: int) -> Totals:
        """Count the days with more use than that."""
        return Totals(int(day.data_bytes > cap_bytes) for day in self.days)

    @staticmethod
    def _with_any(totals: Totals) -> Totals:
        """Count the days on which something of these totals was used."""
        return Totals(int(later > earlier) for earlier, later in pairwise(totals.before))

    def _laid(self, period: Period) -> Periods:
        whole, part, at = [], None, 0
        while at < len(self.busy):
            first = self.busy[at]
            begins = self.days[first].date
            end = first + (day_after(begins, period) - begins).days
            span = Span(first, end, min(end, len(self)) - first)
            at = bisect_left(self.busy, end, at)
            if end > len(self) and self.goes_on:
                part = span
            elif end > len(self):
                # What is left of a period after the last day is never used.
                whole.append(Span(first, len(self), span.counted))
            else:
                whole.append(span)
        return Periods(whole, part, self.data)
