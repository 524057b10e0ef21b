"""The rows of a renewal as plain INSERTs: what the example's earlier period says, but for what differs from line to line.

Each reads the line it is about from a relation named `due`, and the moment from the parameter `now`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from portal.lib.public_ids import LENGTH, MOMENT_LENGTH

Row = Mapping[str, Any]

MOMENT = f"right(to_hex(extract(epoch FROM now())::bigint), {MOMENT_LENGTH})"
FRESH = f"{MOMENT} || left(replace(gen_random_uuid()::text, '-', ''), {LENGTH})"
"""As long as the portal's, and beginning with the second as they do."""
ENDS_AT = "due.starts_at + interval '30 days'"
TOLD = " || jsonb_build_object('order_id', due.order_public_id, 'starts_at', due.starts_at)"
GENERATED = frozenset({"phase", "kept_payment_id"})
"""What PostgreSQL writes by itself."""
UNTOUCHED = ("starts_at", "ends_at", "fulfil_due_at", "paid_at", "accepted_at", "sent_at", "confirmed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Columns and values of the example's earlier period."""

    order: Row
    charge: Row
    received: Row
    sold: Row
    allowance: Row
    notice: Row


def pattern_of(dsn: str) -> Pattern:
    """Read the rows with the lowest ids: the example's."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:

        def first(table: str, condition: str = "true") -> Row:
            row = connection.execute(f"SELECT * FROM {table} WHERE {condition} ORDER BY id LIMIT 1").fetchone()
            assert row is not None, f"{table} is empty"
            return {name: value for name, value in row.items() if name not in GENERATED}

        return Pattern(
            order=first("billing_order"),
            charge=first("billing_charge"),
            received=first("billing_ledgerentry", "kind = 'received'"),
            sold=first("billing_ledgerentry", "kind = 'sold'"),
            allowance=first("esim_allowance", "granted_for LIKE 'ord%'"),
            notice=first("accounts_notification", "kind = 'order_fulfilled'"),
        )


def order(pattern: Pattern, *, delivered: bool) -> str:
    """Return the INSERT of an order, placed only or delivered."""
    ours = {
        "public_id": f"'ord_' || {FRESH}",
        "owner_id": "due.owner_id",
        "line_id": "due.line_id",
        "plan_id": "due.plan_id",
        "subscription_id": "due.id",
        "period_index": "due.period_index",
        "agreement_id": "due.agreement_id",
        "created_at": "%(now)s",
        "expires_at": "%(now)s + interval '8 days'",
        "form_key": "'renewal:' || due.public_id || ':' || due.period_index || ':0'",
        "lease_until": "NULL",
    }
    if delivered:
        ours |= {**dict.fromkeys(UNTOUCHED, "%(now)s"), "starts_at": "due.starts_at", "ends_at": ENDS_AT}
    else:
        ours |= {**dict.fromkeys(UNTOUCHED, "NULL"), "state": "'pending'", "fulfil_attempts": "0"}
    return _insert("billing_order", pattern.order, ours)


def charge(pattern: Pattern, *, paid: bool, source: str = "due") -> str:
    """Return the INSERT of a charge, intended only or paid; it reads from `source`."""
    ours = {
        "public_id": f"'chg_' || {FRESH}",
        "order_id": "due.order_id",
        "method_id": "due.method_id",
        "created_at": "%(now)s",
        "check_due_at": "%(now)s + interval '5 minutes'",
    }
    if paid:
        ours |= {"settled_at": "%(now)s", "gateway_payment_id": "'pay_' || due.order_public_id"}
    else:
        ours |= {"settled_at": "NULL", "gateway_payment_id": "NULL", "state": "'created'", "paid_with": "''"}
    return _insert("billing_charge", pattern.charge, ours, source=f"{source} AS due")


def entries(pattern: Pattern) -> str:
    ours = {"order_id": "due.order_id", "at": "%(now)s"}
    received = {**ours, "charge_id": "due.charge_id", "key": "'charge:' || due.order_public_id || ':received'"}
    sold = {**ours, "key": "'order:' || due.order_public_id || ':sold'"}
    first = _insert("billing_ledgerentry", pattern.received, received)
    return f"{first} UNION ALL {_selection(pattern.sold, sold, source='due')}"


def allowance(pattern: Pattern) -> str:
    ours = {
        "public_id": f"'alw_' || {FRESH}",
        "line_id": "due.line_id",
        "plan_id": "due.plan_id",
        "granted_for": "due.order_public_id",
        "starts_at": "due.starts_at",
        "ends_at": ENDS_AT,
        "created_at": "%(now)s",
    }
    return _insert("esim_allowance", pattern.allowance, ours)


def notice(pattern: Pattern) -> str:
    ours = {
        "public_id": f"'ntf_' || {FRESH}",
        "user_id": "due.owner_id",
        "due_at": "%(now)s",
        "created_at": "%(now)s",
        "key": "'order:' || due.order_public_id || ':fulfilled:email'",
        "state": "'queued'",
        "sent_at": "NULL",
        "context": _literal(pattern.notice["context"]) + TOLD,
    }
    return _insert("accounts_notification", pattern.notice, ours)


def _insert(table: str, pattern: Row, changes: Mapping[str, str], *, source: str = "due") -> str:
    columns = ", ".join(f'"{name}"' for name in pattern if name != "id")
    return f"INSERT INTO {table} ({columns}) {_selection(pattern, changes, source=source)}"


def _selection(pattern: Row, changes: Mapping[str, str], *, source: str) -> str:
    values = [changes.get(name) or _literal(value) for name, value in pattern.items() if name != "id"]
    return f"SELECT {', '.join(values)} FROM {source}"


def _literal(value: object) -> str:
    """Write a value into a statement that takes parameters."""
    if isinstance(value, dict):
        return f"{_literal(json.dumps(value))}::jsonb"
    return sql.Literal(value).as_string(None).replace("%", "%%")
