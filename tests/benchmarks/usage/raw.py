"""The limits: the same rows written by psycopg, with no check, no rule and no line looked up."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg

from tests.benchmarks.measures import Spent, Watch
from tests.benchmarks.usage.records import Used

UNNEST_BATCH, RATING_BATCH = 1_000, 5_000
COLUMNS = "source, record_id, line_id, at, data_bytes, voice_seconds, sms_count, received_at"
UNNEST = f"""INSERT INTO esim_usagerecord ({COLUMNS})
    SELECT 'core', given.*, %s FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::integer[],
        %s::integer[]) AS given ON CONFLICT (source, record_id) DO NOTHING"""
COPIED = f"""INSERT INTO esim_usagerecord ({COLUMNS}) SELECT 'core', copied.*, %s FROM copied
    ON CONFLICT (source, record_id) DO NOTHING"""
RATE = """WITH batch AS MATERIALIZED (
        SELECT id, line_id, at, data_bytes, voice_seconds, sms_count FROM esim_usagerecord
        WHERE rated_at IS NULL AND id > %(after)s ORDER BY id LIMIT %(limit)s
    ), marked AS (
        UPDATE esim_usagerecord r SET rated_at = %(now)s FROM batch WHERE r.id = batch.id
    ), days AS (
        INSERT INTO esim_dailyusage AS day (line_id, date, data_bytes, voice_seconds, sms_count)
        SELECT line_id, (at AT TIME ZONE 'UTC')::date, sum(data_bytes), sum(voice_seconds), sum(sms_count)
        FROM batch GROUP BY 1, 2
        ON CONFLICT (line_id, date) DO UPDATE SET data_bytes = day.data_bytes + excluded.data_bytes,
            voice_seconds = day.voice_seconds + excluded.voice_seconds, sms_count = day.sms_count + excluded.sms_count
    ), used AS (
        UPDATE esim_allowance a SET used_bytes = a.used_bytes + mine.bytes, used_minutes = a.used_minutes + mine.minutes,
            used_sms = a.used_sms + mine.sms
        FROM (SELECT line_id, sum(data_bytes) AS bytes, sum((voice_seconds + 59) / 60) AS minutes, sum(sms_count) AS sms
            FROM batch GROUP BY 1) AS mine
        WHERE a.line_id = mine.line_id AND NOT a.is_data_pack
    ), lines AS (
        UPDATE esim_line l SET usage_reported_at = %(now)s, last_used_at = GREATEST(l.last_used_at, mine.at)
        FROM (SELECT line_id, max(at) AS at FROM batch GROUP BY 1) AS mine WHERE l.id = mine.line_id
    )
    SELECT count(*), max(id) FROM batch"""


def take_by_unnest(dsn: str, records: Iterable[Used], *, now: datetime) -> Spent:
    """Write batches of a thousand, a commit each."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        watch, written = Watch(connection.info.backend_pid), 0
        for batch in _batches(records, UNNEST_BATCH):
            written += connection.execute(UNNEST, [now, *map(list, zip(*batch, strict=True))]).rowcount
        return watch.stop(written)


def take_by_copy(dsn: str, records: Iterable[Used], *, now: datetime) -> Spent:
    """Copy batches of ten thousand into a table of the session, and take them over, a commit each."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TEMP TABLE copied (record_id text, line_id bigint, at timestamptz, data_bytes bigint,"
            " voice_seconds integer, sms_count integer) ON COMMIT DELETE ROWS"
        )
        watch, written = Watch(connection.info.backend_pid), 0
        for batch in _batches(records, 10 * UNNEST_BATCH):
            with connection.transaction():
                with connection.cursor().copy("COPY copied FROM STDIN") as copy:
                    for record in batch:
                        copy.write_row(record)
                written += connection.execute(COPIED, [now]).rowcount
        return watch.stop(written)


def rate(dsn: str, *, now: datetime) -> Spent:
    """Add everything to the plan of its line, whatever it covers, and to days in UTC."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ANALYZE")
        watch, after, rated = Watch(connection.info.backend_pid), 0, 0
        while True:
            values: dict[str, Any] = {"after": after, "limit": RATING_BATCH, "now": now}
            count, last = connection.execute(RATE, values).fetchone() or (0, 0)
            if not count:
                return watch.stop(rated)
            after, rated = last, rated + count


def _batches(records: Iterable[Used], size: int) -> Iterator[list[Used]]:
    remaining = iter(records)
    while batch := list(islice(remaining, size)):
        yield batch
