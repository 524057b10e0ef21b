"""Reading and writing what taking records in needs, a batch at a time: PostgreSQL in one statement, SQLite by the ORM."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F

from esim.intake_checks import ID_LENGTH, RawRecord, Reason
from esim.models import Line, QuarantinedUsage, SimProfile, UsageRecord
from portal.lib.set_sql import array, every_column, moments, run, texts

KEPT_CHARACTERS = 200


class Row(NamedTuple):
    """What is written of a record, and compared with what is known under the same id."""

    record_id: str
    line_id: int
    at: datetime
    data_bytes: int
    voice_seconds: int
    sms_count: int


class Owner(NamedTuple):
    """Whose records they are from when on; `took_over`: before that they were somebody else's, to the second."""

    line_id: int
    since: datetime
    took_over: bool = False


class PutAside(NamedTuple):
    raw: RawRecord
    reason: Reason


def by_iccid(numbers: Collection[str]) -> dict[str, Owner]:
    """Return the lines of profiles, of those that were replaced as well."""
    rows = SimProfile.objects.filter(iccid__in=numbers)
    values = rows.values_list("iccid", "line_id", "line__created_at", "created_at")
    # A profile that is older than its line came to it from another owner's.
    return {iccid: Owner(line, since, made_at < since) for iccid, line, since, made_at in values} if numbers else {}


def by_msisdn(numbers: Collection[str]) -> dict[str, list[Owner]]:
    """Return the lines that have or had a number, the youngest first: it is given away again when a line ends."""
    owners: defaultdict[str, list[Owner]] = defaultdict(list)
    if numbers:
        rows = Line.objects.filter(msisdn__in=numbers).order_by("-created_at", "-pk")
        for msisdn, line, since in rows.values_list("msisdn", "pk", "created_at"):
            owners[msisdn].append(Owner(line, since))
    return owners


def write(rows: Sequence[Row], *, source: str, now: datetime) -> dict[str, Row]:
    """Write the records whose ids are new, and return what is known under the other ids.

    Inside a transaction. Of two workers with the same record one writes it, and the other waits and finds it known.
    """
    if not rows:
        return {}
    # In one order everywhere: two senders, and whoever holds several lines, wait for each other and not in a circle.
    rows = sorted(rows, key=lambda row: (row.line_id, row.record_id))
    if connection.vendor == "postgresql":
        written = _insert(rows, source=source, now=now)
        return _known([row.record_id for row in rows if row.record_id not in written], source=source)
    known = _known([row.record_id for row in rows], source=source)
    UsageRecord.objects.bulk_create(
        UsageRecord(source=source, received_at=now, **row._asdict()) for row in rows if row.record_id not in known
    )
    return known


def put_aside(records: Iterable[PutAside], *, source: str, now: datetime) -> None:
    """Keep records that are counted nowhere; one that comes again adds to its row."""
    kept = [_kept(one, source=source, now=now) for one in records]
    times = Counter(row.fingerprint for row in kept)
    mine = QuarantinedUsage.objects.filter(source=source, fingerprint__in=list(times))
    known = set(mine.order_by("fingerprint").select_for_update().values_list("fingerprint", flat=True))
    for number in {times[fingerprint] for fingerprint in known}:
        again = [fingerprint for fingerprint in known if times[fingerprint] == number]
        mine.filter(fingerprint__in=again).update(times=F("times") + number)
    new = {row.fingerprint: row for row in kept if row.fingerprint not in known}
    for row in new.values():
        row.times = times[row.fingerprint]
    QuarantinedUsage.objects.bulk_create([new[fingerprint] for fingerprint in sorted(new)], ignore_conflicts=True)


def _insert(rows: Sequence[Row], *, source: str, now: datetime) -> set[str]:
    ids, lines, times, data, voice, sms = zip(*rows, strict=True)
    values = {
        "source": source,
        "now": now,
        "ids": texts(ids),
        "lines": array(lines),
        "times": moments(times),
        "data": array(data),
        "voice": array(voice),
        "sms": array(sms),
    }
    return {record_id for (record_id,) in run(INSERT, values)}


def _known(record_ids: Sequence[str], *, source: str) -> dict[str, Row]:
    if not record_ids:
        return {}
    mine = UsageRecord.objects.filter(source=source, record_id__in=record_ids)
    return {row[0]: Row(*row) for row in mine.values_list(*Row._fields)}


def _kept(one: PutAside, *, source: str, now: datetime) -> QuarantinedUsage:
    values = one.raw._asdict()
    raw = {name: _storable(value) for name, value in values.items() if value is not None and value != ""}
    text = json.dumps(raw, sort_keys=True)
    return QuarantinedUsage(
        source=source,
        record_id=raw.get("record_id", "")[:ID_LENGTH],
        reason=one.reason,
        fingerprint=sha256(text.encode()).hexdigest(),
        raw=raw,
        received_at=now,
    )


def _storable(value: Any) -> str:
    """Return a text that every database stores: without NUL and halves of characters, and not endless."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text[:KEPT_CHARACTERS].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


_COLUMNS, _VALUES = every_column(
    UsageRecord,
    {
        "source": "%(source)s",
        "received_at": "%(now)s",
        **{name: f"given.{name}" for name in Row._fields},
    },
)
INSERT = f"""
INSERT INTO esim_usagerecord ({_COLUMNS})
SELECT {_VALUES} FROM unnest(
    %(ids)s::text[], %(lines)s::bigint[], %(times)s::timestamptz[], %(data)s::bigint[], %(voice)s::integer[],
    %(sms)s::integer[]
) AS given(record_id, line_id, at, data_bytes, voice_seconds, sms_count)
ON CONFLICT (source, record_id) DO NOTHING
RETURNING record_id
"""  # noqa: S608 - names of our own
