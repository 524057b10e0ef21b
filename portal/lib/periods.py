"""Calendar periods counted from an anchor.

Boundary k is always anchor + k periods, never "the previous one + a month": adding step by step
would move a subscription begun on the 31st to the 28th for good. Periods are half-open.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class PeriodUnit(models.TextChoices):
    DAY = "day", _("Day")
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


@dataclass(frozen=True, slots=True)
class Period:
    unit: PeriodUnit
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", PeriodUnit(self.unit))
        if self.count < 1:
            raise ValueError("A period lasts one unit at least.")

    def describe(self) -> str:
        """Name the length in the active language: "30 days", "1 month"."""
        match self.unit:
            case PeriodUnit.DAY:
                text = ngettext("%(count)d day", "%(count)d days", self.count)
            case PeriodUnit.MONTH:
                text = ngettext("%(count)d month", "%(count)d months", self.count)
            case PeriodUnit.YEAR:
                text = ngettext("%(count)d year", "%(count)d years", self.count)
        return text % {"count": self.count}


def boundary(anchor: datetime, period: Period, index: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of anchor + index periods on the wall clock of `zone`.

    The day is clamped to the month's end. A wall time skipped by a clock change moves forward by
    the gap; one that happens twice is its first occurrence. Strictly increasing in `index`.
    """
    return _counted(anchor, _wall(anchor, zone), period, index, zone)


def boundaries(anchor: datetime, period: Period, index: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the UTC instants at which period `index` begins and ends: two boundaries, in less time than one by one."""
    wall = _wall(anchor, zone)
    return _counted(anchor, wall, period, index, zone), _counted(anchor, wall, period, index + 1, zone)


def _wall(anchor: datetime, zone: ZoneInfo) -> datetime:
    _check_aware(anchor)
    return anchor.astimezone(zone).replace(tzinfo=None)


def _counted(anchor: datetime, wall: datetime, period: Period, index: int, zone: ZoneInfo) -> datetime:
    if index == 0:
        # Exactly the anchor, also where the anchor is the second occurrence of its wall time.
        return anchor.astimezone(UTC)
    # fold=0 is what gives both promises about clock changes (PEP 495).
    return _shifted(wall, period, index).replace(tzinfo=zone, fold=0).astimezone(UTC)


def day_after(day: date, period: Period) -> date:
    """Return the day on which a period that begins on `day` is over, the day clamped to the month's end."""
    return _shifted(datetime.combine(day, time()), period, 1).date()


def period_at(anchor: datetime, period: Period, moment: datetime, zone: ZoneInfo) -> int:
    """Return the k with boundary(k) <= moment < boundary(k + 1); negative before the anchor."""
    _check_aware(moment)
    index = _estimate(anchor.astimezone(zone), period, moment.astimezone(zone))
    while boundary(anchor, period, index, zone) > moment:
        index -= 1
    while boundary(anchor, period, index + 1, zone) <= moment:
        index += 1
    return index


def _shifted(wall: datetime, period: Period, index: int) -> datetime:
    steps = index * period.count
    if period.unit == PeriodUnit.DAY:
        return wall + timedelta(days=steps)
    months = steps * 12 if period.unit == PeriodUnit.YEAR else steps
    years, month = divmod(wall.month - 1 + months, 12)
    year, month = wall.year + years, month + 1
    return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))


def _estimate(anchor: datetime, period: Period, moment: datetime) -> int:
    """Return an index at most two off, so that finding a period takes no walk through the years."""
    if period.unit == PeriodUnit.DAY:
        return (moment.date() - anchor.date()).days // period.count
    months = (moment.year - anchor.year) * 12 + moment.month - anchor.month
    return months // (period.count * (12 if period.unit == PeriodUnit.YEAR else 1))


def _check_aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("An instant needs its time zone.")
