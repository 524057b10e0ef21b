"""Geometry of bar charts, so that a template can draw them as SVG without script.

Coordinates are whole numbers: templates write them as they are, whatever the reader's decimal sign.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from unicodedata import east_asian_width

from babel import Locale
from babel.dates import format_date, format_skeleton

from portal.lib.data_size import MB, format_bytes

STEPS = (1, 2, 3, 4, 5, 6, 8, 10)
SMALLEST_TOP = 10 * MB
WIDEST_BAR = 72
SHORTEST_BAR = 4
LETTER_WIDTH = 0.64
"""Of the font size: an estimate, since the server cannot measure text."""
IDEOGRAPH_WIDTH = 1.04
"""Chinese characters fill a square, and units of minutes are two of them."""


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: int
    height: int
    label: str
    is_now: bool
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
    label: str
    amount: str
    key: str


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
    has_now: bool
    is_blank: bool
    """Nothing to draw: every bar is nought."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bar: what stands under it, how much it is, and by which key its row is found."""

    label: str
    amount: int
    key: str = ""
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class _Series:
    """What is drawn, the amount at the top of the scale, and how amounts are written."""

    points: Sequence[Point]
    cap: int | None
    top: int
    write: Callable[[int], str]


def usage_chart(days: Sequence[tuple[date, int]], *, today: date, cap_bytes: int | None, locale: str) -> Chart:
    """Lay out one bar a day of data used, oldest first."""
    points = [Point(day_label(day, locale), amount, day.isoformat(), day == today) for day, amount in days]
    return bar_chart(
        points, cap=cap_bytes, smallest_top=SMALLEST_TOP, write=lambda amount: format_bytes(amount, locale)
    )


def bar_chart(
    points: Sequence[Point], *, write: Callable[[int], str], smallest_top: int = 10, cap: int | None = None
) -> Chart:
    """Lay out one bar a point, for a wide and a narrow screen, with the same figures as rows, the last first."""
    amounts = [point.amount for point in points]
    series = _Series(points, cap, _round_up(max([*amounts, cap or 0]), smallest_top), write)
    return Chart(
        wide=_plot(WIDE, series),
        narrow=_plot(NARROW, series),
        rows=tuple(Row(point.label, write(point.amount), point.key) for point in reversed(points)),
        total_label=write(sum(amounts)),
        max_label=write(max(amounts, default=0)),
        cap_label="" if cap is None else write(cap),
        has_now=any(point.is_now for point in points),
        is_blank=not any(amounts),
    )


def _plot(frame: Frame, series: _Series) -> Plot:
    ticks = []
    for amount in (series.top // 2, series.top):
        y = _height_of(amount, frame, series)
        ticks.append(Tick(at=y, text_at=y + frame.font_size // 3, label=series.write(amount)))
    text_right = round(max(_width(tick.label) for tick in ticks) * frame.font_size)
    left = text_right + frame.font_size // 2
    slot = (frame.width - left) / max(len(series.points), 1)
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
        cap_y=None if series.cap is None else _height_of(series.cap, frame, series),
    )


def _width(text: str) -> float:
    """Estimate how wide it is written, in font sizes."""
    return sum(IDEOGRAPH_WIDTH if east_asian_width(letter) in "WF" else LETTER_WIDTH for letter in text)


def _bars(frame: Frame, series: _Series, *, left: int, slot: float, bar_width: int) -> Iterator[Bar]:
    for position, point in enumerate(series.points):
        tall = min(_height_of(point.amount, frame, series), frame.bottom - SHORTEST_BAR)
        y = tall if point.amount > 0 else frame.bottom
        yield Bar(
            x=left + round(position * slot + (slot - bar_width) / 2),
            y=y,
            height=frame.bottom - y,
            label=f"{point.label}: {series.write(point.amount)}",
            is_now=point.is_now,
            is_over_cap=series.cap is not None and point.amount > series.cap,
        )


def _axis_labels(frame: Frame, series: _Series, *, left: int, slot: float) -> Iterator[AxisLabel]:
    """Name the first, the middle and the last bar; with the two amounts that makes five labels."""
    if not series.points:
        return
    last = len(series.points) - 1
    for position in sorted({0, last // 2, last}):
        label = series.points[position].label
        if last > 1 and position == 0:
            yield AxisLabel(at=left, anchor="start", label=label)
        elif last > 1 and position == last:
            yield AxisLabel(at=frame.width, anchor="end", label=label)
        else:
            yield AxisLabel(at=left + round((position + 0.5) * slot), anchor="middle", label=label)


def _height_of(amount: int, frame: Frame, series: _Series) -> int:
    return frame.bottom - (frame.bottom - frame.top) * amount // series.top


def _round_up(amount: int, smallest: int) -> int:
    """Return the next amount whose half is still a plain number."""
    power = smallest
    while power * STEPS[-1] < amount:
        power *= 10
    return next(power * step for step in STEPS if power * step >= amount)


def day_label(day: date, locale: str) -> str:
    """Write day and month: "21 Nov", "11月21日"."""
    parsed = Locale.parse(locale, sep="-")
    if parsed.language == "en":
        return str(format_date(day, "d MMM", locale=parsed))
    return str(format_skeleton("MMMd", day, locale=parsed))


def month_label(day: date, locale: str) -> str:
    """Write month and year: "Nov 2026", "2026年11月"."""
    return str(format_skeleton("yMMM", day, locale=Locale.parse(locale, sep="-")))
