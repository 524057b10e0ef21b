"""The hot writes of plain renewals: one statement for a whole group, PostgreSQL only.

Column by column they leave the rows that checkout, charges, settlement, orders and renewal_endings leave one by one;
tests/billing/test_plain_renewals.py holds one against the other. Each `WHERE` names the state a row must be in and,
of subscriptions, the fence: whoever lost a row writes nothing.

Hazard: where a partial index knows a state, `state || ''` keeps the planner off it. It thinks that index nearly empty, as
it is between sweeps, and would walk it from end to end for each row of a sweep that has filled it.
"""

from functools import cache
from typing import Any

from accounts.models import Notification
from billing.models import Charge, LedgerEntry, Order
from billing.withdrawn import STILL_WANTED
from esim.allowances import COPIED
from esim.models import Allowance
from portal.lib.set_sql import arrays, every_column, run

Values = dict[str, Any]


class NotAsExpected(Exception):
    """A group's rows moved apart while it was written; nothing of it was."""


@cache
def _place() -> str:
    order, order_values = every_column(
        Order,
        {
            "public_id": "given.order_id",
            "owner_id": "l.owner_id",
            "kind": "'renewal'",
            "state": "'pending'",
            "line_id": "s.line_id",
            "plan_id": "s.plan_id",
            "plan_terms": "sold.terms",
            "currency": "s.currency",
            "amount": "s.consent_amount",
            "form_key": "'renewal:' || s.public_id || ':' || s.period_index || ':0'",
            "subscription_id": "s.id",
            "period_index": "s.period_index",
            "trigger": "'expiry'",
            "agreement_id": "s.agreement_id",
            "created_at": "%(now)s",
            "expires_at": "%(expires_at)s",
        },
    )
    charge, charge_values = every_column(
        Charge,
        {
            "public_id": "given.charge_id",
            "order_id": "placed.id",
            "gateway": "given.gateway",
            "method_id": "given.method_id",
            "off_session": "true",
            "currency": "placed.currency",
            "amount": "placed.amount",
            "check_due_at": "%(check_due_at)s",
            "created_at": "%(now)s",
        },
    )
    given = arrays(
        subscriptions="bigint", fences="bigint", methods="bigint", gateways="text", orders="text", charges="text"
    )
    return f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest({given}) AS given(subscription_id, fence, method_id, gateway, order_id, charge_id)
), placed AS (
    INSERT INTO billing_order ({order})
    SELECT {order_values} FROM given
    JOIN billing_subscription s ON s.id = given.subscription_id AND s.fence = given.fence
        AND s.method_id = given.method_id AND s.state = 'in_flight' AND s.mode = 'automatic'
    JOIN esim_line l ON l.id = s.line_id
    JOIN unnest({arrays(plans="bigint", terms="jsonb")}) AS sold(plan_id, terms) ON sold.plan_id = s.plan_id
    RETURNING id, subscription_id, currency, amount
), charged AS (
    INSERT INTO billing_charge ({charge})
    SELECT {charge_values} FROM placed JOIN given ON given.subscription_id = placed.subscription_id
    RETURNING public_id, order_id, id
)
SELECT public_id, order_id, id FROM charged
"""  # noqa: S608 - names of our own


def place(values: Values) -> list[tuple[str, int, int]]:
    """Commit orders and charges; return the charge's public id, and both ids, for each renewal that was still held."""
    return run(_place(), values)


HOLD = """
UPDATE billing_subscription SET state = 'in_flight', lease_until = %(lease_until)s, fence = fence + 1
WHERE id = ANY(%(ids)s::bigint[])
RETURNING id
"""


def hold(values: Values) -> None:
    """Write the claim on rows that the caller's transaction has locked."""
    run(HOLD, values)


AWAIT_ANSWER = f"""
UPDATE billing_charge c SET gateway_payment_id = given.payment_id, state = 'unknown',
    check_due_at = greatest(c.check_due_at, %(not_before)s)
FROM unnest({arrays(charges="bigint", payments="text")}) AS given(charge_id, payment_id)
WHERE c.id = given.charge_id AND c.state IN ('created', 'unknown')
    AND {STILL_WANTED}
RETURNING c.id
"""  # noqa: S608 - names of our own


def await_answer(values: Values) -> set[int]:
    """Commit the ids of prepared payments; return the charges whose money may be taken.

    Not those whose auto-renewal was turned off since they were written down. The next check stays where it is unless
    that is before `not_before`: an index knows it, and would be written anew.
    """
    return {charge_id for (charge_id,) in run(AWAIT_ANSWER, values)}


@cache
def _receive() -> str:
    entry, entry_values = every_column(
        LedgerEntry,
        {
            "key": "movement.key",
            "kind": "movement.kind",
            "debit_account_id": "movement.debit_id",
            "credit_account_id": "movement.credit_id",
            "currency": "paid.currency",
            "amount": "paid.amount",
            "order_id": "paid.order_id",
            "charge_id": "movement.charge_id",
            "at": "%(now)s",
        },
    )
    columns = arrays(
        orders="bigint",
        charges="bigint",
        payments="text",
        transactions="text",
        means="text",
        starts="timestamptz",
        ends="timestamptz",
        gateways="bigint",
        held="bigint",
        sales="bigint",
    )
    return f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest({columns}) AS given(
        order_id, charge_id, payment_id, transaction_id, paid_with, starts_at, ends_at, gateway_id, held_id, sales_id
    )
), begun AS (
    UPDATE billing_order o SET state = 'fulfilling', paid_at = %(now)s, fulfil_due_at = %(now)s,
        accepted_at = %(now)s, sent_at = %(now)s, starts_at = given.starts_at, ends_at = given.ends_at,
        lease_until = %(lease_until)s, fulfil_attempts = o.fulfil_attempts + 1
    FROM given JOIN billing_charge c ON c.id = given.charge_id
    WHERE o.id = given.order_id AND o.state = 'pending' AND c.state = 'unknown'
        AND c.gateway_payment_id = given.payment_id
        AND NOT EXISTS (
            SELECT FROM billing_order other
            WHERE other.line_id = o.line_id AND other.state IN ('fulfilling', 'taking_back') AND other.kind <> 'top_up'
        )
        AND given.starts_at = (
            SELECT max(a.ends_at) FROM esim_allowance a
            WHERE a.line_id = o.line_id AND NOT a.is_data_pack AND a.taken_back_at IS NULL
        )
    RETURNING o.id, o.public_id
), paid AS (
    UPDATE billing_charge c SET state = 'succeeded', gateway_transaction_id = given.transaction_id,
        paid_with = given.paid_with, decline_code = '', settled_at = %(now)s
    FROM given JOIN begun ON begun.id = given.order_id
    WHERE c.id = given.charge_id AND c.state = 'unknown'
    RETURNING c.id, c.public_id, c.currency, c.amount, begun.id AS order_id, begun.public_id AS order_public_id,
        given.gateway_id, given.held_id, given.sales_id
), booked AS (
    INSERT INTO billing_ledgerentry ({entry})
    SELECT {entry_values} FROM paid CROSS JOIN LATERAL (
        VALUES ('received', 'charge:' || paid.public_id || ':received', gateway_id, held_id, paid.id),
            ('sold', 'order:' || paid.order_public_id || ':sold', held_id, sales_id, NULL)
    ) AS movement(kind, key, debit_id, credit_id, charge_id)
)
SELECT array_agg(order_id), (SELECT count(*) FROM begun) FROM paid
"""  # noqa: S608 - names of our own


LOCK_LINES = "SELECT id FROM esim_line WHERE id = ANY((SELECT %(lines)s::bigint[])::bigint[]) ORDER BY id FOR UPDATE"


def receive(values: Values) -> set[int]:
    """Write that money came in, and that the network is asked next; return the orders for which that is so.

    Inside a transaction: the lines are locked first, as whoever delivers by a click locks them, so that no two plans
    for one line are given the same time. Raises NotAsExpected.
    """
    run(LOCK_LINES, values)
    [(paid, begun)] = run(_receive(), values)
    if len(paid or ()) != begun:
        raise NotAsExpected("An order was paid by a charge that moved elsewhere.")
    return set(paid or ())


@cache
def _complete() -> str:
    allowance, allowance_values = every_column(
        Allowance,
        {
            "public_id": "given.allowance_id",
            "line_id": "done.line_id",
            "plan_id": "done.plan_id",
            "sold_id": "given.sold_id",
            "granted_for": "done.public_id",
            "is_data_pack": "false",
            **{column: f"sold.{column}" for column in COPIED},
            "starts_at": "done.starts_at",
            "ends_at": "done.ends_at",
        },
    )
    notice, notice_values = every_column(
        Notification,
        {
            "public_id": "news.public_id",
            "key": "'order:' || done.public_id || ':fulfilled:' || news.channel",
            "user_id": "done.owner_id",
            "channel": "news.channel",
            "kind": "'order_fulfilled'",
            "context": "news.context",
            "due_at": "news.due_at",
            "created_at": "%(now)s",
        },
    )
    columns = arrays(
        orders="bigint",
        allowances="text",
        sold="bigint",
        subscriptions="bigint",
        fences="bigint",
        indexes="integer",
        dues="timestamptz",
    )
    news = arrays(told="bigint", channels="text", notices="text", send="timestamptz")
    return f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest({columns}) AS given(
        order_id, allowance_id, sold_id, subscription_id, fence, period_index, charge_due_at
    )
), done AS (
    UPDATE billing_order o SET state = 'fulfilled', confirmed_at = %(now)s, lease_until = NULL
    FROM given, esim_line l WHERE o.id = given.order_id AND o.state = 'fulfilling' AND o.fulfil_attempts = 1
        AND l.id = o.line_id AND l.service_state || '' <> 'terminated'
    RETURNING o.id, o.public_id, o.owner_id, o.line_id, o.plan_id, o.starts_at, o.ends_at
), granted AS (
    INSERT INTO esim_allowance ({allowance})
    SELECT {allowance_values} FROM done JOIN given ON given.order_id = done.id
    JOIN plans_soldterms sold ON sold.id = given.sold_id
), told AS (
    INSERT INTO accounts_notification ({notice})
    SELECT {notice_values} FROM done JOIN ROWS FROM (
        unnest({news}),
        jsonb_array_elements(%(contexts)s::jsonb)
    ) AS news(order_id, channel, public_id, due_at, context) ON news.order_id = done.id
), moved AS (
    UPDATE billing_subscription s SET state = 'active', declines = 0, reason = %(reason)s, decided_at = %(now)s,
        lease_until = NULL, period_index = given.period_index, charge_due_at = given.charge_due_at
    FROM given JOIN done ON done.id = given.order_id
    WHERE s.id = given.subscription_id AND s.state = 'in_flight' AND s.fence = given.fence
    RETURNING s.id
)
SELECT id FROM done
"""  # noqa: S608 - names of our own


def complete(values: Values) -> set[int]:
    """Commit what was delivered, tell the subscribers, and begin their next periods; return the orders that ended.

    Left out is the order of a line that ended while the network was asked: its money goes back.
    """
    return {order_id for (order_id,) in run(_complete(), values)}
