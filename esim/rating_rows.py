"""Reading and writing what counting usage needs, for many lines at once: one statement each on PostgreSQL, the ORM elsewhere.

Whoever writes here holds the rows of the lines (`hold`), so nothing it read has changed meanwhile.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from esim import keep_alive
from esim.models import Allowance, DailyUsage, Line, UsageRecord
from esim.rating_rules import MOST_BYTES, MOST_TIMES, Amounts, Record, Share
from portal.lib.dates import zone_or_utc
from portal.lib.due_rows import among
from portal.lib.set_sql import array, moments

Days = Mapping[tuple[int, date], Amounts]


class Held(NamedTuple):
    """A line whose row the transaction holds."""

    pk: int
    time_zone: str
    last_used_at: datetime | None

    @property
    def zone(self) -> ZoneInfo:
        return zone_or_utc(self.time_zone)


def waiting(*, after: int, limit: int) -> list[tuple[int, int]]:
    """Return id and line of the next records that wait to be counted; walks the index usage_record_to_rate."""
    rows = UsageRecord.objects.filter(rated_at__isnull=True, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", "line_id")[:limit])


def hold(lines: Collection[int], *, skip_locked: bool) -> list[Held]:
    """Lock lines in one order and return them; leave out those another worker holds, where told to."""
    # Without KEY, so that records of these lines can be written meanwhile.
    skip_locked = skip_locked and connection.features.has_select_for_update_skip_locked
    rows = Line.objects.filter(pk__in=among(lines)).order_by("pk")
    held = rows.select_for_update(skip_locked=skip_locked, no_key=connection.features.has_select_for_no_key_update)
    return [Held(*row) for row in held.values_list(*Held._fields)]


def uncounted(lines: Collection[int], *, window: tuple[int, int] | None = None) -> list[Record]:
    """Return the records of lines that wait, of all ids or of those in `window`, both ends included."""
    rows = UsageRecord.objects.filter(rated_at__isnull=True, line__in=among(lines))
    return _records(rows.filter(pk__range=window) if window else rows)


def counted(lines: Collection[int]) -> dict[int, list[Record]]:
    """Return every counted record, by line."""
    rows = UsageRecord.objects.filter(rated_at__isnull=False, line__in=among(lines))
    by_line: defaultdict[int, list[Record]] = defaultdict(list)
    for record in _records(rows):
        by_line[record.line_id].append(record)
    return by_line


def last_counted(lines: Collection[int]) -> dict[int, datetime | None]:
    """Return the moment of each line's latest counted record."""
    records = UsageRecord.objects.filter(line=OuterRef("pk"), rated_at__isnull=False).order_by("-at")
    rows = Line.objects.filter(pk__in=among(lines)).annotate(last_at=Subquery(records.values("at")[:1]))
    return dict(rows.values_list("pk", "last_at"))


def shares_of(lines: Collection[int], *, since: datetime | None = None) -> dict[int, list[Share]]:
    """Return the allowances of lines in burn order, without those that ended by `since`."""
    rows = Allowance.objects.filter(Q(ends_at__gt=since) if since else Q(), line__in=among(lines)).in_burn_order()
    by_line: defaultdict[int, list[Share]] = defaultdict(list)
    for row in rows.values_list(*Share.__slots__):
        by_line[row[1]].append(Share(*row))
    return by_line


def mark_counted(records: Iterable[Record], *, now: datetime) -> None:
    UsageRecord.objects.filter(pk__in=among([record.pk for record in records])).update(rated_at=now)


def set_used(shares: Sequence[Share]) -> None:
    if not shares:
        return
    if connection.vendor == "postgresql":
        _run(SET_USED, *(array(values) for values in zip(*((one.pk, *one.used) for one in shares), strict=True)))
        return
    used = [
        Allowance(pk=one.pk, used_bytes=one.used_bytes, used_minutes=one.used_minutes, used_sms=one.used_sms)
        for one in shares
    ]
    Allowance.objects.bulk_update(used, ["used_bytes", "used_minutes", "used_sms"], batch_size=100)


def add_to_days(days: Days) -> None:
    """Add amounts to the days of lines, beginning those that aren't there."""
    if not days:
        return
    if connection.vendor == "postgresql":
        amounts = days.values()
        _run(
            ADD_TO_DAYS,
            array(line for line, _day in days),
            array(day for _line, day in days),
            array(one.data_bytes for one in amounts),
            array(one.voice_seconds for one in amounts),
            array(one.sms_count for one in amounts),
        )
        return
    before = days_of_lines({line for line, _day in days}, dates={day for _line, day in days})
    set_days({key: _sum(before.get(key, Amounts()), amounts) for key, amounts in days.items()})


def set_days(days: Days) -> None:
    """Write the days of lines, whatever they said before."""
    rows = [
        DailyUsage(
            line_id=line,
            date=day,
            data_bytes=one.data_bytes,
            voice_seconds=one.voice_seconds,
            sms_count=one.sms_count,
        )
        for (line, day), one in days.items()
    ]
    amounts = ["data_bytes", "voice_seconds", "sms_count"]
    DailyUsage.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["line", "date"], update_fields=amounts, batch_size=1000
    )


def days_of_lines(lines: Collection[int], *, dates: Collection[date] | None = None) -> dict[tuple[int, date], Amounts]:
    rows = DailyUsage.objects.filter(Q(date__in=dates) if dates else Q(), line__in=among(lines))
    values = rows.values_list("line_id", "date", "data_bytes", "voice_seconds", "sms_count")
    return {(line, day): Amounts(*amounts) for line, day, *amounts in values}


def note_use(lines: Iterable[Held], used_at: Mapping[int, datetime], *, now: datetime) -> None:
    """Write on the lines that usage is known as of now, and when each was used last.

    Pages are kept by what the line's row says, so new figures must show in it.
    """
    changes = [(line.pk, keep_alive.used(line, used_at.get(line.pk))) for line in lines]
    if connection.vendor == "postgresql":
        ids, lasts, looks = array(pk for pk, _change in changes), [], []
        for _pk, change in changes:
            lasts.append(change.get("last_used_at"))
            looks.append(change.get("keep_alive_due_at"))
        _run(NOTE_USE, now, ids, moments(lasts), moments(looks))
        return
    for pk, change in changes:
        Line.objects.filter(pk=pk).update(usage_reported_at=now, **change)


def _records(rows: "QuerySet[UsageRecord]") -> list[Record]:
    return [Record(*row) for row in rows.values_list("pk", *Record._fields[1:])]


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(
        data_bytes=min(MOST_BYTES, one.data_bytes + other.data_bytes),
        voice_seconds=min(MOST_TIMES, one.voice_seconds + other.voice_seconds),
        sms_count=min(MOST_TIMES, one.sms_count + other.sms_count),
    )


def _run(statement: str, *values: str | datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


SET_USED = """
UPDATE esim_allowance a SET used_bytes = counted.bytes, used_minutes = counted.minutes, used_sms = counted.sms
FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::integer[]) AS counted(id, bytes, minutes, sms)
WHERE a.id = counted.id
"""

ADD_TO_DAYS = f"""
INSERT INTO esim_dailyusage AS day (line_id, date, data_bytes, voice_seconds, sms_count)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::integer[], %s::integer[])
ON CONFLICT (line_id, date) DO UPDATE SET
    data_bytes = LEAST(day.data_bytes::numeric + excluded.data_bytes, {MOST_BYTES}),
    voice_seconds = LEAST(day.voice_seconds::bigint + excluded.voice_seconds, {MOST_TIMES}),
    sms_count = LEAST(day.sms_count::bigint + excluded.sms_count, {MOST_TIMES})
"""  # noqa: S608 - numbers of our own

NOTE_USE = """
UPDATE esim_line l SET usage_reported_at = %s, last_used_at = COALESCE(used.at, l.last_used_at),
    keep_alive_due_at = CASE WHEN used.at IS NULL THEN l.keep_alive_due_at ELSE used.look_at END
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS used(id, at, look_at) WHERE l.id = used.id
"""
