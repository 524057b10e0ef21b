"""When an outlet is open: weekly hours with exceptions, as staff write them and as pages say them. Pure.

Written: a line a day or span of days ("Mon-Fri 10:00-13:00 14:00-19:00"), for exceptions a line a date
("2026-12-25 closed"). Kept: {"mon": ["10:00-13:00", …]}, {"2026-12-25": []}. All times are those of the outlet's wall.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
LOOK_AHEAD_DAYS = 21
MINUTES_A_DAY = 24 * 60

SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-\u2013]\s*([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)
DAY_RANGE = re.compile(r"([a-z]{3})[a-z]*(?:\s*[-\u2013]\s*([a-z]{3})[a-z]*)?", re.ASCII)

Hours = Mapping[str, Sequence[str]]


class BadHours(ValueError):
    """A line that cannot be read; `line` is what was written."""

    sentence = _("“%(line)s” can't be read. Write lines like “Mon-Fri 10:00-13:00 14:00-19:00”, “2026-12-25 closed”.")

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line

    def __str__(self) -> str:
        return str(self.sentence) % {"line": self.line[:60]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether it is open at a moment, until when, and otherwise when it opens; None: not within three weeks."""

    is_open: bool
    closes_at: datetime | None = None
    opens_at: datetime | None = None


def parse_week(text: str) -> dict[str, list[str]]:
    """Read weekly hours; raises BadHours."""
    week: dict[str, list[str]] = {}
    for line in _lines(text):
        named = DAY_RANGE.match(line.lower())
        if not named:
            raise BadHours(line)
        first, last = named[1], named[2] or named[1]
        if first not in DAYS or last not in DAYS or DAYS.index(first) > DAYS.index(last):
            raise BadHours(line)
        spans = _parse_spans(line[named.end() :], line=line)
        week |= dict.fromkeys(DAYS[DAYS.index(first) : DAYS.index(last) + 1], spans)
    return {day: week[day] for day in DAYS if week.get(day)}


def parse_exceptions(text: str) -> dict[str, list[str]]:
    """Read the hours of single days; raises BadHours."""
    exceptions = {}
    for line in _lines(text):
        written, _space, rest = line.partition(" ")
        try:
            day = date.fromisoformat(written)
        except ValueError as error:
            raise BadHours(line) from error
        exceptions[day.isoformat()] = _parse_spans(rest, line=line)
    return dict(sorted(exceptions.items()))


def week_text(week: Hours) -> str:
    """Write weekly hours as `parse_week` reads them, equal neighbours together."""
    groups: list[tuple[list[str], Sequence[str]]] = []
    for day in DAYS:
        spans = week.get(day, [])
        if groups and groups[-1][1] == spans:
            groups[-1][0].append(day)
        else:
            groups.append(([day], spans))
    return "\n".join(f"{_range_text(days)} {' '.join(spans)}" for days, spans in groups if spans)


def exceptions_text(exceptions: Hours) -> str:
    return "\n".join(f"{day} {' '.join(spans) or CLOSED}" for day, spans in sorted(exceptions.items()))


def spans_on(day: date, *, week: Hours, exceptions: Hours) -> list[str]:
    """Return the spans of one day, "10:00-13:00"; none where it is closed."""
    written = exceptions.get(day.isoformat())
    return list(week.get(DAYS[day.weekday()], []) if written is None else written)


def standing_at(local: datetime, *, week: Hours, exceptions: Hours) -> Standing:
    """Say how it stands at a moment on the outlet's own clock."""
    spans = _spans_from(local, week=week, exceptions=exceptions)
    open_now = next((ends for begins, ends in spans if begins <= local < ends), None)
    if open_now is None:
        return Standing(is_open=False, opens_at=next((begins for begins, _ends in spans if begins > local), None))
    # Open past midnight is two spans that meet.
    for begins, ends in spans:
        if begins == open_now:
            open_now = ends
    return Standing(is_open=True, closes_at=open_now)


def _spans_from(local: datetime, *, week: Hours, exceptions: Hours) -> list[tuple[datetime, datetime]]:
    days = [local.date() + timedelta(days=ahead) for ahead in range(LOOK_AHEAD_DAYS + 1)]
    return [
        (_at(day, begins, local), _at(day, ends, local))
        for day in days
        for begins, ends in map(_minutes, spans_on(day, week=week, exceptions=exceptions))
    ]


def _at(day: date, minutes: int, local: datetime) -> datetime:
    days, left = divmod(minutes, MINUTES_A_DAY)
    return datetime.combine(day + timedelta(days=days), time(left // 60, left % 60), tzinfo=local.tzinfo)


def _parse_spans(text: str, *, line: str) -> list[str]:
    if text.strip().lower() == CLOSED:
        return []
    found = list(SPAN.finditer(text))
    if not found or SPAN.sub("", text).strip(" ,;"):
        raise BadHours(line)
    spans = [f"{int(one[1]):02}:{one[2]}-{int(one[3]):02}:{one[4]}" for one in found]
    ends_before = -1
    for begins, ends in map(_minutes, spans):
        if not ends_before < begins < ends <= MINUTES_A_DAY:
            raise BadHours(line)
        ends_before = ends
    return spans


def _minutes(span: str) -> tuple[int, int]:
    begins, ends = (int(hours) * 60 + int(minutes) for hours, minutes in (at.split(":") for at in span.split("-")))
    return begins, ends


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"[\n;]", text) if line.strip()]


def _range_text(days: Sequence[str]) -> str:
    first, last = days[0].capitalize(), days[-1].capitalize()
    return first if first == last else f"{first}-{last}"
