"""Plain renewals in sets: a batch written down in one commit, a group of payments in one, a group of deliveries in one.

What leaves the plain way (a decline, an unknown outcome, a row that moved) is handed back, to go on one by one. A set
that fails is tried again row by row, so that one bad row doesn't stop the rest.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from django.db import connection, transaction

from accounts import quiet_hours
from accounts.notifications import wanted_channels
from billing import charges, ledger, orders, plain_writes, sales, settlement
from billing.asking_again import FIRST_CHECK
from billing.gateways.base import Gateways, PaymentResult, PaymentState, SavedCharge
from billing.models import Order
from billing.plain_search import Due, find_plain
from billing.plain_terms import OnSale
from billing.renewal_claims import Claimed
from billing.renewal_endings import RENEWED, each
from billing.renewal_orders import PAYABLE
from billing.renewal_run import Attempt
from esim import provisioning
from esim.carriers.base import Carrier, CarrierRefused, Grant, OutcomeUnknown
from portal.lib.one_by_one import in_set
from portal.lib.public_ids import make_public_ids
from portal.lib.set_sql import array, moments, texts

logger = logging.getLogger(__name__)

Accounts: TypeAlias = dict[tuple[str, str], tuple[int, int, int]]
"""By gateway and currency, the ids of the accounts that a payment passes through; they never change."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class PlainRenewal:
    """One plain renewal on its way, with the names of its order and charge."""

    due: Due
    order_key: str
    charge_key: str
    order_id: int = 0
    charge_id: int = 0

    @property
    def subscription_id(self) -> int:
        return self.due.row.subscription_id

    def __str__(self) -> str:
        return self.order_key


def works_in_sets() -> bool:
    """Tell whether this database can; on another all renewals go one by one."""
    return connection.vendor == "postgresql"


def begin(
    claimed: Sequence[Claimed], *, on_sale: OnSale, gateways: Gateways, now: datetime
) -> list[Attempt[PlainRenewal]]:
    """Commit orders and charges of the plain ones among claimed subscriptions; return the charges to ask for."""
    if not works_in_sets():
        return []
    plain = in_set(claimed, lambda some: find_plain(some, on_sale=on_sale, now=now))
    found = [due for due in plain if due.row.gateway in gateways]
    keys = zip(found, make_public_ids("ord", len(found)), make_public_ids("chg", len(found)), strict=True)
    placed = in_set([PlainRenewal(*one) for one in keys], lambda some: _place(some, now=now))
    return [_attempt(one, gateways) for one in placed]


def _place(renewals: Sequence[PlainRenewal], *, now: datetime) -> list[PlainRenewal]:
    sold = {one.due.sold.plan.pk: one.due.sold.terms_json for one in renewals}
    placed = plain_writes.place(
        {
            "subscriptions": array(one.subscription_id for one in renewals),
            "fences": array(one.due.row.fence for one in renewals),
            "methods": array(one.due.row.method_id for one in renewals),
            "gateways": array(one.due.row.gateway for one in renewals),
            "orders": array(one.order_key for one in renewals),
            "charges": array(one.charge_key for one in renewals),
            "plans": list(sold),
            "terms": list(sold.values()),
            "now": now,
            "expires_at": now + PAYABLE,
            "check_due_at": now + FIRST_CHECK,
        }
    )
    by_charge = {one.charge_key: one for one in renewals}
    done = []
    for charge_key, order_id, charge_id in placed:
        one = by_charge[charge_key]
        one.order_id, one.charge_id = order_id, charge_id
        done.append(one)
    return done


def _attempt(renewal: PlainRenewal, gateways: Gateways) -> Attempt[PlainRenewal]:
    row, sold = renewal.due.row, renewal.due.sold
    request = SavedCharge(
        key=renewal.charge_key,
        money=sold.price,
        description=sold.label(row.language),
        customer=row.owner_public_id,
        card_reference=row.card_reference,
        recurring=True,
        customer_reference=row.customer_reference,
    )
    return Attempt(renewal, renewal.charge_id, gateways[row.gateway], request)


def write_prepared(attempts: Sequence[Attempt[T]], *, now: datetime) -> Sequence[Attempt[T]]:
    """Commit the ids of prepared payments, of plain and other renewals; return those whose money may be taken."""
    return in_set(attempts, lambda some: _write_prepared(some, now=now))


def _write_prepared(attempts: Sequence[Attempt[T]], *, now: datetime) -> list[Attempt[T]]:
    if works_in_sets():
        waiting = plain_writes.await_answer(
            {
                "charges": array(one.charge_id for one in attempts),
                "payments": texts(one.request.payment_id for one in attempts),
                "not_before": now + FIRST_CHECK / 2,
            }
        )
    else:
        waiting = {
            one.charge_id
            for one in attempts
            if charges.await_answer(charge_id=one.charge_id, payment_id=one.request.payment_id, now=now)
        }
    return [one for one in attempts if one.charge_id in waiting]


def settle(attempts: Iterable[Attempt[Any]], *, accounts: Accounts, now: datetime) -> list[PlainRenewal]:
    """Write that money of plain ones came in, in one commit; return those that are to be delivered now.

    `accounts` is remembered from one group of a sweep to the next.
    """
    paid = [one for one in attempts if isinstance(one.about, PlainRenewal) and _is_plainly_paid(one)]
    return in_set(paid, lambda some: _receive(some, accounts=accounts, now=now))


def _is_plainly_paid(attempt: Attempt[PlainRenewal]) -> bool:
    result, request = attempt.answer, attempt.request
    return (
        isinstance(result, PaymentResult)
        and result.state == PaymentState.SUCCEEDED
        and result.card is None
        and not settlement.mismatch(
            result, charge=request.key, money=request.money, payment_id=request.payment_id, customer=request.customer
        )
    )


def _receive(attempts: Sequence[Attempt[PlainRenewal]], *, accounts: Accounts, now: datetime) -> list[PlainRenewal]:
    renewals = [one.about for one in attempts]
    results = [one.answer for one in attempts if isinstance(one.answer, PaymentResult)]
    wanted = {(one.due.row.gateway, one.due.row.currency) for one in renewals}
    if not wanted <= accounts.keys():
        accounts.update(_accounts(wanted))
    booked = [accounts[one.due.row.gateway, one.due.row.currency] for one in renewals]
    with transaction.atomic():
        begun = plain_writes.receive(
            {
                "lines": array(one.due.row.line_id for one in renewals),
                "orders": array(one.order_id for one in renewals),
                "charges": array(one.charge_id for one in renewals),
                "payments": texts(one.request.payment_id for one in attempts),
                "transactions": texts(result.transaction_id for result in results),
                "means": texts(result.paid_with for result in results),
                "starts": moments(one.due.starts_at for one in renewals),
                "ends": moments(one.due.ends_at for one in renewals),
                "gateways": array(gateway for gateway, _held, _sales in booked),
                "held": array(held for _gateway, held, _sales in booked),
                "sales": array(earned for _gateway, _held, earned in booked),
                "now": now,
                "lease_until": now + orders.LEASE,
            }
        )
    return [one for one in renewals if one.order_id in begun]


def _accounts(wanted: set[tuple[str, str]]) -> Accounts:
    """Return, by gateway and currency, the ids of the accounts that a payment passes through."""
    passed = {
        (name, currency): (ledger.gateway(name, currency), ledger.held(currency), ledger.sales(currency))
        for name, currency in wanted
    }
    ids = ledger.ids_of(account for accounts in passed.values() for account in accounts)
    return {key: (ids[taken], ids[held], ids[earned]) for key, (taken, held, earned) in passed.items()}


def deliver(
    renewals: Sequence[PlainRenewal], *, carrier: Carrier, at_once: int, now: datetime
) -> tuple[list[PlainRenewal], list[PlainRenewal]]:
    """Have the network deliver what was paid, and begin the next periods; return what is done, and what is left."""
    outcomes = provisioning.apply_plans([_grant(one) for one in renewals], carrier=carrier, at_once=at_once)
    granted = [one for one, outcome in zip(renewals, outcomes, strict=True) if outcome is None]
    troubles = [(one, outcome) for one, outcome in zip(renewals, outcomes, strict=True) if outcome is not None]
    each(troubles, lambda trouble: _not_delivered(*trouble, now=now))
    done = in_set(granted, lambda some: _complete(some, now=now))
    ended = {one.order_id for one in done}
    each(
        [one for one in granted if one.order_id not in ended],
        lambda one: orders.undo_where_line_ended(
            order_id=one.order_id, iccid=one.due.row.iccid, carrier=carrier, now=now
        ),
    )
    return done, [one for one in renewals if one.order_id not in ended]


def _grant(renewal: PlainRenewal) -> Grant:
    due = renewal.due
    return Grant(
        key=renewal.order_key,
        iccid=due.row.iccid,
        terms=due.sold.terms,
        starts_at=due.starts_at,
        ends_at=due.ends_at,
    )


def _not_delivered(renewal: PlainRenewal, outcome: Exception, *, now: datetime) -> None:
    match outcome:
        case CarrierRefused() if provisioning.was_left(renewal.due.row.iccid):
            orders.ask_again_later(order_id=renewal.order_id, now=now)
        case CarrierRefused():
            orders.return_money(order_id=renewal.order_id, reason=str(outcome), now=now)
        case OutcomeUnknown():
            orders.ask_again_later(order_id=renewal.order_id, now=now)
        case _:
            logger.error("Order %s was not delivered; it is tried again when its lease ends", renewal, exc_info=outcome)


def _complete(renewals: Sequence[PlainRenewal], *, now: datetime) -> list[PlainRenewal]:
    news = [(one, channel) for one in renewals for channel in wanted_channels(one.due.row)]
    told = {one.order_id: _news(one) for one in renewals}
    ended = plain_writes.complete(
        {
            "orders": array(one.order_id for one in renewals),
            "allowances": array(make_public_ids("alw", len(renewals))),
            "sold": array(one.due.sold.kept_id for one in renewals),
            "subscriptions": array(one.subscription_id for one in renewals),
            "fences": array(one.due.row.fence for one in renewals),
            "indexes": array(one.due.row.period_index + 1 for one in renewals),
            "dues": moments(one.due.ends_at - one.due.sold.lead for one in renewals),
            "told": array(one.order_id for one, _channel in news),
            "channels": array(channel.value for _one, channel in news),
            "notices": array(make_public_ids("ntf", len(news))),
            "contexts": json.dumps([told[one.order_id] for one, _channel in news]),
            "send": moments(
                quiet_hours.send_at(kind="order_fulfilled", context=told[one.order_id], reader=one.due.row, now=now)
                for one, _channel in news
            ),
            "reason": RENEWED,
            "now": now,
        }
    )
    return [one for one in renewals if one.order_id in ended]


def _news(renewal: PlainRenewal) -> dict[str, object]:
    due = renewal.due
    return {
        **sales.facts(order_id=renewal.order_key, kind=Order.Kind.RENEWAL, plan=due.sold.names, line=due.row.line_name),
        "money": sales.as_context(due.sold.price),
        **sales.delivered_facts(line_id=due.row.line_public_id, starts_at=due.starts_at, ends_at=due.ends_at),
        **sales.automatic_facts(trigger=Order.Trigger.EXPIRY, card=due.row.card),
    }
