"""The full speed of an unlimited plan: how much of today's is used, when it ends, and when it is back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from esim.full_speed import used_of
from esim.models import Allowance, DailyUsage, Line, ThrottleSpell
from portal.lib.dates import midnight

REMEMBERED = timedelta(days=30)
SHORTEST_PACE = timedelta(minutes=30)
"""Before that a single film would foretell the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowedDay:
    date: date
    began_at: datetime
    ended_at: datetime

    @property
    def minutes(self) -> int:
        return int((self.ended_at - self.began_at).total_seconds()) // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleMeter:
    """`slows_at` is foretold from the pace of today; None where the full speed lasts the day or nothing can be said."""

    used_bytes: int
    cap_bytes: int
    kbps: int
    resets_at: datetime
    slows_at: datetime | None
    slowed: Sequence[SlowedDay]

    @property
    def is_slow(self) -> bool:
        return self.used_bytes >= self.cap_bytes

    @property
    def percent(self) -> int:
        return min(100, self.used_bytes * 100 // self.cap_bytes) if self.cap_bytes else 100

    @property
    def is_same_clock(self) -> bool:
        """Whether the reader's clock shows what the line's does when full speed is back."""
        return timezone.localtime(self.resets_at).utcoffset() == self.resets_at.utcoffset()


def throttle_meter(line: Line, *, now: datetime) -> ThrottleMeter | None:
    """Return the meter of the plan that runs, None where none has a daily cap. Three queries."""
    running = Allowance.objects.filter(line=line, daily_cap_bytes__isnull=False).running(now).in_burn_order().first()
    if running is None or running.daily_cap_bytes is None:
        return None
    local = now.astimezone(line.zone)
    of_day = DailyUsage.objects.filter(line=line, date=local.date()).values_list("data_bytes", flat=True).first() or 0
    used = used_of(running, of_day=of_day, zone=line.zone, now=now)
    since = max(midnight(local.date(), line.zone), running.starts_at)
    # What comes after the plan begins at full speed.
    resets_at = min(midnight(local.date() + timedelta(days=1), line.zone), running.ends_at.astimezone(line.zone))
    return ThrottleMeter(
        used_bytes=used,
        cap_bytes=running.daily_cap_bytes,
        kbps=running.throttled_kbps or 0,
        resets_at=resets_at,
        slows_at=_slows_at(used, running.daily_cap_bytes, since=since, now=now, until=resets_at),
        slowed=_slowed_days(line, now=now),
    )


def _slows_at(used: int, cap: int, *, since: datetime, now: datetime, until: datetime) -> datetime | None:
    elapsed = now - since
    if not 0 < used < cap or elapsed < SHORTEST_PACE:
        return None
    # In seconds: after a few bytes it would take longer than calendars go.
    seconds = elapsed.total_seconds() * (cap - used) / used
    return now + timedelta(seconds=seconds) if seconds < (until - now).total_seconds() else None


def _slowed_days(line: Line, *, now: datetime) -> list[SlowedDay]:
    spells = ThrottleSpell.objects.filter(line=line, began_at__gt=now - REMEMBERED).order_by("-began_at")
    return [
        SlowedDay(
            date=spell.date,
            began_at=spell.began_at,
            ended_at=min(spell.lifted_at or spell.resets_at, now),
        )
        for spell in spells
    ]
