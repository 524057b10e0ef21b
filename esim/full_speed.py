"""When the full speed of a day is used up: the spell at reduced speed that begins then, and what its owner is told."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.notice_sets import Draft, Recipient, draft
from esim.models import Allowance, DailyUsage, ThrottleSpell, UsageRecord
from portal.lib.dates import midnight
from portal.lib.due_rows import among


def begin_spells(lines: Collection[int], *, now: datetime) -> list[ThrottleSpell]:
    """Write down the spells that today's usage has begun on lines, and return those that are new.

    Inside the transaction that counted the usage and holds the lines. The carrier is asked afterwards, by the tick that
    looks at spells.
    """
    capped = Allowance.objects.filter(line__in=among(lines), daily_cap_bytes__isnull=False).running(now)
    running = list(capped.select_related("line__owner").in_burn_order())
    if not running:
        return []
    of_day = _used_today(running, now=now)
    over = [one for one in running if _is_used_up(one, of_day=of_day.get(one.line_id, 0), now=now)]
    known = set(ThrottleSpell.objects.filter(allowance__in=over).values_list("allowance_id", "date"))
    spells = [_spell(one, now=now) for one in over if (one.pk, now.astimezone(one.line.zone).date()) not in known]
    return ThrottleSpell.objects.bulk_create(spells)


def end_spells(*, purchase_id: str, now: datetime) -> None:
    """Let what is slow for a purchase be fast again: it was taken back, and whatever follows begins at full speed.

    Inside the transaction that takes it back.
    """
    for spell in ThrottleSpell.objects.open().filter(allowance__granted_for=purchase_id, resets_at__gt=now):
        # One that begins with what was just counted has lasted no time yet.
        ends_at = max(now, spell.began_at + timedelta(microseconds=1))
        ThrottleSpell.objects.filter(pk=spell.pk).update(resets_at=ends_at, look_at=ends_at)


def used_of(plan: Allowance, *, of_day: int, zone: ZoneInfo, now: datetime) -> int:
    """Return how much of today's full speed a plan has used, from what was used on the whole day of the line.

    On the day on which it begins, what came before it was another plan's.
    """
    begins_today = plan.starts_at > midnight(now.astimezone(zone).date(), zone)
    return min(of_day, plan.used_bytes) if begins_today else of_day


def drafts(spells: Iterable[ThrottleSpell], *, now: datetime) -> Iterator[Draft]:
    """Yield what to tell about spells that have begun: that it is slow, and when it is fast again."""
    for spell in spells:
        line = spell.line
        context = {
            "line": str(line),
            "line_id": line.public_id,
            "cap_bytes": spell.allowance.daily_cap_bytes,
            "kbps": spell.kbps,
            "resets_at": spell.resets_at.isoformat(),
            # Where the line is at home the day may end at another hour than where its owner is.
            "network_time": f"{spell.resets_at.astimezone(line.zone):%H:%M}",
            "network_zone": line.time_zone.replace("_", " "),
            "elsewhere": _offset(spell.resets_at, line.owner.zone) != _offset(spell.resets_at, line.zone),
        }
        key = f"slowed:{spell.allowance.public_id}:{spell.date.isoformat()}"
        yield draft(recipient=Recipient.of(line.owner), kind="speed_reduced", key=key, context=context, now=now)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _is_used_up(plan: Allowance, *, of_day: int, now: datetime) -> bool:
    return used_of(plan, of_day=of_day, zone=plan.line.zone, now=now) >= (plan.daily_cap_bytes or 0)


def _used_today(running: Iterable[Allowance], *, now: datetime) -> dict[int, int]:
    today = {one.line_id: now.astimezone(one.line.zone).date() for one in running}
    rows = DailyUsage.objects.filter(line__in=among(today), date__in=set(today.values()))
    return {line: used for line, day, used in rows.values_list("line_id", "date", "data_bytes") if day == today[line]}


def _spell(allowance: Allowance, *, now: datetime) -> ThrottleSpell:
    today = now.astimezone(allowance.line.zone).date()
    tomorrow = midnight(today + timedelta(days=1), allowance.line.zone).astimezone(UTC)
    return ThrottleSpell(
        line=allowance.line,
        allowance=allowance,
        date=today,
        kbps=allowance.throttled_kbps or 0,
        began_at=_reached_at(allowance, now=now),
        # What comes after the plan begins at full speed.
        resets_at=min(tomorrow, allowance.ends_at),
        look_at=now,
    )


def _reached_at(allowance: Allowance, *, now: datetime) -> datetime:
    """Return the moment of the record that reached today's cap."""
    zone = allowance.line.zone
    since = max(midnight(now.astimezone(zone).date(), zone), allowance.starts_at)
    records = UsageRecord.objects.filter(line=allowance.line_id, at__gte=since, rated_at__isnull=False)
    used = 0
    for at, data_bytes in records.order_by("at", "source", "record_id").values_list("at", "data_bytes"):
        used += data_bytes
        if used >= (allowance.daily_cap_bytes or 0):
            # A record of a clock that is ahead may be later than the reset.
            return min(at, now)
    return now
