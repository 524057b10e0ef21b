"""Days before an end on which somebody is told of it, counted where they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.lib.dates import midnight


@dataclass(frozen=True, slots=True)
class Standing:
    """The rung reached, if any; when the next one begins, if one is left; and how many days are left."""

    rung: int | None
    next_at: datetime | None
    days_left: int


def standing(
    rungs: Iterable[int], *, begins_at: datetime, ends_at: datetime, zone: ZoneInfo, now: datetime
) -> Standing:
    """Return where we stand on the way from `begins_at` to `ends_at`; a rung begins at midnight in `zone`."""
    rungs = tuple(rungs)
    last_day = ends_at.astimezone(zone).date()
    days_left = (last_day - now.astimezone(zone).date()).days
    days_in_all = (last_day - begins_at.astimezone(zone).date()).days
    to_come = max((days for days in rungs if days < min(days_left, days_in_all)), default=None)
    next_at = None if to_come is None else midnight(last_day - timedelta(days=to_come), zone).astimezone(UTC)
    return Standing(rung_reached(rungs, days_left=days_left, days_in_all=days_in_all), next_at, days_left)


def rung_reached(rungs: Iterable[int], *, days_left: int, days_in_all: int) -> int | None:
    """Return which of these days before an end is the one to tell about; None when none is reached.

    A plan of three days isn't announced to end in three days right after it was bought. After a silence of the
    scheduler only the latest of the missed reminders is sent: it says all the others would have said. What has
    ended is no longer announced.
    """
    reached = [days for days in rungs if 0 <= days_left <= days < days_in_all]
    return min(reached, default=None)
