"""What a line used, by day and by month, as its chart shows it."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from babel import Locale
from babel.numbers import format_decimal
from django.db import models
from django.db.models import Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from esim.models import DailyUsage, Line
from portal.lib.charts import SMALLEST_TOP, Chart, Point, bar_chart, day_label, month_label
from portal.lib.data_size import format_bytes

RECENT_DAYS = 30
MONTHS = 12
DAY = timedelta(days=1)
EARLIEST = date(1970, 1, 1)
"""Before it no line was used; calendars end somewhere, and nobody pages back to there."""


class Measure(models.TextChoices):
    """What is looked at; the value is how an address names it."""

    DATA = "data", _("Data")
    CALLS = "calls", _("Calls")
    SMS = "sms", _("SMS")

    @property
    def column(self) -> str:
        return {"data": "data_bytes", "calls": "voice_seconds", "sms": "sms_count"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that are looked at, both ends among them; `month` is set where they are one calendar month."""

    first: date
    last: date
    month: date | None = None

    @classmethod
    def recent(cls, today: date) -> Self:
        return cls(first=today - (RECENT_DAYS - 1) * DAY, last=today)

    @classmethod
    def of_month(cls, text: str, *, today: date) -> Self:
        """Read "2026-11"; what is no month, or lies ahead, is the last 30 days."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            return cls.recent(today)
        if not EARLIEST <= first <= today or len(text) != len("2026-11"):
            return cls.recent(today)
        return cls(first=first, last=first.replace(day=monthrange(first.year, first.month)[1]), month=first)

    @property
    def before(self) -> str:
        """The month before, as an address names it."""
        month = self.month or self.last.replace(day=1)
        return f"{month - DAY:%Y-%m}" if self.month else f"{month:%Y-%m}"

    def after(self, today: date) -> str:
        """The month after, as an address names it; empty where that lies ahead."""
        following = self.last + DAY
        return f"{following:%Y-%m}" if self.month and following <= today else ""


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """What a line used in a calendar month, in the order of `Measure`."""

    month: date
    data_bytes: int = 0
    voice_seconds: int = 0
    sms_count: int = 0


def by_day(
    line: Line, *, measure: Measure, window: Window, today: date, locale: str, cap_bytes: int | None = None
) -> Chart:
    """Draw each day of the window, with the daily cap where it is data. One query."""
    rows = DailyUsage.objects.filter(line=line, date__range=(window.first, window.last))
    used = dict(rows.values_list("date", measure.column))
    last = min(window.last, today)
    dates = [window.first + back * DAY for back in range((last - window.first).days + 1)]
    points = [Point(day_label(day, locale), _amount(measure, used.get(day, 0)), "", day == today) for day in dates]
    return _chart(points, measure=measure, locale=locale, cap=cap_bytes if measure == Measure.DATA else None)


def by_month(line: Line, *, measure: Measure, today: date, locale: str) -> Chart:
    """Draw the last twelve months, this one among them. One query."""
    points = [
        Point(
            month_label(one.month, locale),
            _amount(measure, getattr(one, measure.column)),
            f"{one.month:%Y-%m}",
            one.month == today.replace(day=1),
        )
        for one in used_by_month(line, today=today)
    ]
    return _chart(points, measure=measure, locale=locale)


def used_by_month(line: Line, *, today: date) -> list[MonthUsage]:
    """Return what was used in each of the last twelve months, this one at the end. One query."""
    months = last_months(today)
    rows = DailyUsage.objects.filter(line=line, date__gte=months[0]).annotate(month=TruncMonth("date"))
    sums = rows.order_by().values_list("month").annotate(*(Sum(measure.column) for measure in Measure))
    used = {month: MonthUsage(month, *sums_of_month) for month, *sums_of_month in sums}
    return [used.get(month, MonthUsage(month)) for month in months]


def last_months(today: date) -> Sequence[date]:
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - DAY).replace(day=1))
    return months[::-1]


def _amount(measure: Measure, used: int) -> int:
    # A minute begun counts whole, as networks bill them.
    return -(-used // 60) if measure == Measure.CALLS else used


def _chart(points: Sequence[Point], *, measure: Measure, locale: str, cap: int | None = None) -> Chart:
    def write(amount: int) -> str:
        if measure == Measure.DATA:
            return format_bytes(amount, locale)
        number = format_decimal(amount, format="#,##0", locale=Locale.parse(locale, sep="-"))
        if measure == Measure.CALLS:
            return ngettext("%(number)s min", "%(number)s min", amount) % {"number": number}
        return number

    return bar_chart(points, write=write, smallest_top=SMALLEST_TOP if measure == Measure.DATA else 10, cap=cap)
