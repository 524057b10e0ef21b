"""The limits: the rows of a renewal written by psycopg, with no model, no rule and no check in the way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.benchmarks.measures import Spent, Watch
from tests.benchmarks.renewals import raw_rows
from tests.benchmarks.renewals.raw_rows import ENDS_AT, Pattern

LEASE = timedelta(minutes=10)
DUE = """SELECT s.id, s.public_id, s.line_id, l.owner_id, s.plan_id, s.method_id, s.agreement_id, s.period_index,
    s.charge_due_at + interval '24 hours' AS starts_at
    FROM billing_subscription s JOIN esim_line l ON l.id = s.line_id
    WHERE s.mode = 'automatic' AND s.phase = 'active' AND s.state = 'active' AND s.charge_due_at <= %(now)s
    AND (s.lease_until IS NULL OR s.lease_until <= %(now)s)
    AND (s.charge_due_at, s.id) > (%(after)s, %(after_id)s)
    ORDER BY s.charge_due_at, s.id LIMIT %(limit)s"""
ONE_DUE = """SELECT %(id)s::bigint AS id, %(public_id)s::text AS public_id, %(line_id)s::bigint AS line_id,
    %(owner_id)s::bigint AS owner_id, %(plan_id)s::bigint AS plan_id, %(method_id)s::bigint AS method_id,
    %(agreement_id)s::bigint AS agreement_id, %(period_index)s::integer AS period_index,
    %(starts_at)s::timestamptz AS starts_at"""
PLACED = ", %(order_id)s::bigint AS order_id, %(order)s::text AS order_public_id"
NEXT = f"""UPDATE billing_subscription s SET state = 'active', declines = 0, reason = '', lease_until = NULL,
    period_index = due.period_index + 1, charge_due_at = {ENDS_AT} - interval '24 hours', decided_at = %(now)s
    FROM due WHERE s.id = due.id"""
CLAIMED = {
    "id": "bigint",
    "line_id": "bigint",
    "owner_id": "bigint",
    "plan_id": "bigint",
    "period_index": "integer",
    "starts_at": "timestamptz",
    "order_id": "bigint",
    "order_public_id": "text",
    "charge_id": "bigint",
}
"""What a settlement needs of each claimed row."""

Renew = Callable[["psycopg.Connection[Any]", int], int]


def renew_one_by_one(dsn: str, *, pattern: Pattern, now: datetime, count: int, warm_up: int) -> Spent:
    """Renew so many, each in a transaction of its own."""

    def statement(body: str, *, knowing: str = "") -> str:
        return f"WITH due AS ({ONE_DUE}{knowing}) {body}"

    order = statement(f"{raw_rows.order(pattern, delivered=True)} RETURNING id, public_id")
    charge = statement(f"{raw_rows.charge(pattern, paid=True)} RETURNING id", knowing=PLACED)
    steps = [
        statement(raw_rows.entries(pattern), knowing=f"{PLACED}, %(charge_id)s::bigint AS charge_id"),
        statement(raw_rows.allowance(pattern), knowing=PLACED),
        statement(raw_rows.notice(pattern), knowing=PLACED),
        statement(NEXT),
    ]

    def renew(connection: "psycopg.Connection[Any]", limit: int) -> int:
        rows = _read_due(connection, now=now, limit=limit)
        for row in rows:
            with connection.transaction():
                values = {**row, "now": now}
                values["order_id"], values["order"] = connection.execute(order, values).fetchone() or (0, "")
                [values["charge_id"]] = connection.execute(charge, values).fetchone() or (0,)
                for step in steps:
                    connection.execute(step, values)
        return len(rows)

    return _measure(dsn, renew, count=count, warm_up=warm_up)


def renew_in_batches(
    dsn: str, *, pattern: Pattern, now: datetime, count: int, warm_up: int, batch: int, group: int
) -> Spent:
    """Claim a batch and write its intents in one transaction, then settle it in groups, each in one statement."""
    claim, settle = _claim(pattern), _settle(pattern)
    position = {"after": datetime.fromtimestamp(0, tz=now.tzinfo), "after_id": 0}

    def renew(connection: "psycopg.Connection[Any]", limit: int) -> int:
        done = 0
        while done < limit:
            values = {"now": now, "lease": now + LEASE, "limit": min(batch, limit - done), **position}
            with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
                rows = cursor.execute(claim, values).fetchall()
            for start in range(0, len(rows), group):
                some = rows[start : start + group]
                connection.execute(settle, {"now": now} | {name: [row[name] for row in some] for name in CLAIMED})
            if not rows:
                break
            done += len(rows)
            last = max(rows, key=lambda row: (row["starts_at"], row["id"]))
            position.update(after=last["starts_at"] - timedelta(days=1), after_id=last["id"])
        return done

    return _measure(dsn, renew, count=count, warm_up=warm_up)


def _claim(pattern: Pattern) -> str:
    return f"""WITH due AS MATERIALIZED ({DUE} FOR UPDATE OF s SKIP LOCKED),
        held AS (UPDATE billing_subscription s SET state = 'in_flight', lease_until = %(lease)s, fence = fence + 1
            FROM due WHERE s.id = due.id),
        placed AS ({raw_rows.order(pattern, delivered=False)} RETURNING id, public_id, subscription_id),
        ordered AS (SELECT due.*, placed.id AS order_id, placed.public_id AS order_public_id
            FROM due JOIN placed ON placed.subscription_id = due.id),
        charged AS ({raw_rows.charge(pattern, paid=False, source="ordered")} RETURNING id, order_id)
        SELECT ordered.*, charged.id AS charge_id FROM charged JOIN ordered USING (order_id)"""


def _settle(pattern: Pattern) -> str:
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in CLAIMED.items())
    return f"""WITH due AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS due({", ".join(CLAIMED)})),
        paid AS (UPDATE billing_charge c SET state = 'succeeded', settled_at = %(now)s, paid_with = 'card',
            gateway_payment_id = 'pay_' || c.public_id FROM due WHERE c.id = due.charge_id AND c.state = 'created'),
        delivered AS (UPDATE billing_order o SET state = 'fulfilled', paid_at = %(now)s, fulfil_due_at = %(now)s,
            accepted_at = %(now)s, sent_at = %(now)s, confirmed_at = %(now)s, fulfil_attempts = 1,
            starts_at = due.starts_at, ends_at = {ENDS_AT} FROM due WHERE o.id = due.order_id),
        booked AS ({raw_rows.entries(pattern)}), granted AS ({raw_rows.allowance(pattern)}),
        told AS ({raw_rows.notice(pattern)})
        {NEXT}"""


def _read_due(connection: "psycopg.Connection[Any]", *, now: datetime, limit: int) -> list[dict[str, Any]]:
    beginning = {"after": datetime.fromtimestamp(0, tz=now.tzinfo), "after_id": 0}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(DUE, {"now": now, "limit": limit, **beginning}).fetchall()


def _measure(dsn: str, renew: Renew, *, count: int, warm_up: int) -> Spent:
    with psycopg.connect(dsn, autocommit=True) as connection:
        renew(connection, warm_up)
        watch = Watch(connection.info.backend_pid)
        return watch.stop(renew(connection, count))
