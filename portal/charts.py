"""Geometry of the usage chart, so that a template can draw it as SVG without script.

Coordinates are whole numbers: templates write them as they are, whatever the reader's decimal sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date, format_skeleton

from portal.lib.data_size import MB, format_bytes

STEPS = (1, 2, 3, 4, 5, 6, 8, 10)
SMALLEST_TOP = 10 * MB
WIDEST_BAR = 72
SHORTEST_BAR = 4
LETTER_WIDTH = 0.64
"""Of the font size: an estimate, since the server cannot measure text."""


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: int
    height: int
    label: str
    is_today: bool
    is_over_cap: bool


@dataclass(frozen=True, slots=True)
class Tick:
    at: int
    text_at: int
    label: str


@dataclass(frozen=True, slots=True)
class AxisLabel:
    at: int
    anchor: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    day: str
    amount: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The paper: a box in units of its own, and the size of letters on it."""

    width: int
    height: int
    font_size: int

    @property
    def top(self) -> int:
        return self.font_size

    @property
    def bottom(self) -> int:
        return self.height - 2 * self.font_size


WIDE = Frame(width=1280, height=380, font_size=25)
NARROW = Frame(width=640, height=400, font_size=27)


@dataclass(frozen=True, slots=True)
class Plot:
    width: int
    height: int
    font_size: int
    left: int
    right: int
    bottom: int
    text_right: int
    label_y: int
    bar_width: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[AxisLabel, ...]
    cap_y: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    wide: Plot
    narrow: Plot
    rows: tuple[Row, ...]
    total_label: str
    max_label: str
    cap_label: str
    has_today: bool


@dataclass(frozen=True, slots=True)
class _Series:
    """What is drawn, and the amount at the top of the scale."""

    days: Sequence[tuple[date, int]]
    today: date
    cap_bytes: int | None
    top_bytes: int
    locale: str


def usage_chart(days: Sequence[tuple[date, int]], *, today: date, cap_bytes: int | None, locale: str) -> Chart:
    """Lay out one bar a day, oldest first, for a wide and a narrow screen, with the same figures as rows."""
    used = [amount for _, amount in days]
    series = _Series(days, today, cap_bytes, _round_up(max([*used, cap_bytes or 0])), locale)
    rows = [Row(_day_label(day, locale), format_bytes(amount, locale)) for day, amount in days]
    return Chart(
        wide=_plot(WIDE, series),
        narrow=_plot(NARROW, series),
        rows=tuple(reversed(rows)),
        total_label=format_bytes(sum(used), locale),
        max_label=format_bytes(max(used, default=0), locale),
        cap_label="" if cap_bytes is None else format_bytes(cap_bytes, locale),
        has_today=any(day == today for day, _ in days),
    )


def _plot(frame: Frame, series: _Series) -> Plot:
    ticks = []
    for amount in (series.top_bytes // 2, series.top_bytes):
        y = _height_of(amount, frame, series)
        ticks.append(Tick(at=y, text_at=y + frame.font_size // 3, label=format_bytes(amount, series.locale)))
    text_right = round(max(len(tick.label) for tick in ticks) * frame.font_size * LETTER_WIDTH)
    left = text_right + frame.font_size // 2
    slot = (frame.width - left) / max(len(series.days), 1)
    bar_width = min(max(round(slot * 0.68), 2), WIDEST_BAR)
    return Plot(
        width=frame.width,
        height=frame.height,
        font_size=frame.font_size,
        left=left,
        right=frame.width,
        bottom=frame.bottom,
        text_right=text_right,
        label_y=frame.height - frame.font_size // 2,
        bar_width=bar_width,
        bars=tuple(_bars(frame, series, left=left, slot=slot, bar_width=bar_width)),
        ticks=tuple(ticks),
        labels=tuple(_axis_labels(frame, series, left=left, slot=slot)),
        cap_y=None if series.cap_bytes is None else _height_of(series.cap_bytes, frame, series),
    )


def _bars(frame: Frame, series: _Series, *, left: int, slot: float, bar_width: int) -> Iterator[Bar]:
    for position, (day, amount) in enumerate(series.days):
        y = min(_height_of(amount, frame, series), frame.bottom - SHORTEST_BAR) if amount > 0 else frame.bottom
        yield Bar(
            x=left + round(position * slot + (slot - bar_width) / 2),
            y=y,
            height=frame.bottom - y,
            label=f"{_day_label(day, series.locale)}: {format_bytes(amount, series.locale)}",
            is_today=day == series.today,
            is_over_cap=series.cap_bytes is not None and amount > series.cap_bytes,
        )


def _axis_labels(frame: Frame, series: _Series, *, left: int, slot: float) -> Iterator[AxisLabel]:
    """Name the first, the middle and the last day; with the two amounts that makes five labels."""
    if not series.days:
        return
    last = len(series.days) - 1
    for position in sorted({0, last // 2, last}):
        label = _day_label(series.days[position][0], series.locale)
        if last > 1 and position == 0:
            yield AxisLabel(at=left, anchor="start", label=label)
        elif last > 1 and position == last:
            yield AxisLabel(at=frame.width, anchor="end", label=label)
        else:
            yield AxisLabel(at=left + round((position + 0.5) * slot), anchor="middle", label=label)


def _height_of(amount: int, frame: Frame, series: _Series) -> int:
    return frame.bottom - (frame.bottom - frame.top) * amount // series.top_bytes


def _round_up(amount: int) -> int:
    """Return the next amount whose half is still a plain number of megabytes."""
    power = SMALLEST_TOP
    while power * STEPS[-1] < amount:
        power *= 10
    return next(power * step for step in STEPS if power * step >= amount)


def _day_label(day: date, locale: str) -> str:
    parsed = Locale.parse(locale, sep="-")
    if parsed.language == "en":
        return str(format_date(day, "d MMM", locale=parsed))
    return str(format_skeleton("MMMd", day, locale=parsed))
