"""The limit: a page of a thousand rows at a time goes into the outbox in one statement, under a unique key."""

from datetime import datetime

import psycopg

from tests.benchmarks.measures import Spent, Watch

PAGE = """WITH page AS (
        SELECT a.id, a.public_id, a.ends_at, a.remind_due_at, l.public_id AS line_public_id, l.nickname, l.owner_id,
            p.name, p.name_zh_hans, p.name_zh_hant
        FROM esim_allowance a JOIN esim_line l ON l.id = a.line_id JOIN plans_soldterms p ON p.id = a.sold_id
        WHERE a.remind_due_at <= %(now)s AND (a.remind_due_at, a.id) > (%(after)s, %(id)s)
        ORDER BY a.remind_due_at, a.id LIMIT 1000
    ), told AS (
        INSERT INTO accounts_notification (public_id, key, user_id, channel, kind, context, state, attempts, due_at,
            subject, body, error, created_at)
        SELECT 'ntf_' || left(replace(gen_random_uuid()::text, '-', ''), 16), 'expiry-3d:' || public_id || ':email',
            owner_id, 'email', 'expiry_reminder', jsonb_build_object('line', nickname, 'line_id', line_public_id,
            'plan', jsonb_build_object('name', name, 'name_zh_hans', name_zh_hans, 'name_zh_hant', name_zh_hant),
            'ends_at', ends_at, 'days_left', 3), 'queued', 0, %(now)s, '', '', '', %(now)s
        FROM page ON CONFLICT (key) DO NOTHING RETURNING id
    )
    SELECT (SELECT count(*) FROM told), (SELECT remind_due_at FROM page ORDER BY remind_due_at DESC, id DESC LIMIT 1),
        (SELECT id FROM page ORDER BY remind_due_at DESC, id DESC LIMIT 1)"""


def remind(dsn: str, *, now: datetime) -> Spent:
    """Write a notice for each allowance that is to be looked at."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        watch = Watch(connection.info.backend_pid)
        written, after, last = 0, datetime.min.replace(tzinfo=now.tzinfo, year=2000), 0
        while True:
            row = connection.execute(PAGE, {"now": now, "after": after, "id": last}).fetchone()
            if row is None or row[1] is None:
                return watch.stop(written)
            written, after, last = written + row[0], row[1], row[2]
