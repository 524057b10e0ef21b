"""Auto-renewal: claim what is due, write the intent, charge, fulfil, move on.

Each step works on a list and commits before the next begins; a crash between two steps leaves rows that
`finish_in_flight` finds again. First charges and retries take the same steps, and money and service are moved by
the same functions as a click on "Renew".
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F

from accounts.notifications import notify
from billing import charges, dunning, orders, renewal_orders
from billing.gateways.base import PaymentGateway
from billing.invariant_watch import refuse_while_money_does_not_add_up
from billing.models import Charge, Order, Subscription, SubscriptionQuerySet
from billing.plan_names import plan_names
from billing.renewal_orders import Renewal
from billing.sales import as_context
from billing.schedule import last_paid, realigned
from billing.verdicts import Action, Reason, Verdict, judge
from esim.carriers.base import Carrier
from portal.lib.money import Money
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

Gateways = Mapping[str, PaymentGateway]
"""By the name that rows know them by; a card is charged where it is kept."""

T = TypeVar("T")
R = TypeVar("R")

# Longer than a task may run (CELERY_TASK_TIME_LIMIT): who still charges must still hold the row.
LEASE = timedelta(minutes=10)
LOOK_AGAIN = timedelta(minutes=1)
BATCH = 100


def renew_due(*, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime = always) -> list[Renewal]:
    """Finish what earlier runs left in flight, then renew what is due at `now`.

    Batch after batch, so that a backlog empties, until nothing is left or `in_time` says no. Raises ChargingStopped.
    """
    refuse_while_money_does_not_add_up()
    finished = finish_in_flight(gateways=gateways, carrier=carrier, now=now, in_time=in_time)
    buy = partial(_buy, gateways=gateways, carrier=carrier, now=now)
    return finished + _in_batches(Subscription.objects.due(now), buy, now=now, in_time=in_time)


def retry_declined(*, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime = always) -> list[Renewal]:
    """Try declined renewals again whose next rung of the ladder is reached; raises ChargingStopped."""
    refuse_while_money_does_not_add_up()
    buy = partial(_buy, gateways=gateways, carrier=carrier, now=now)
    return _in_batches(Subscription.objects.to_retry(now), buy, now=now, in_time=in_time)


def finish_in_flight(*, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime = always) -> list[Renewal]:
    """Move on what stands in flight: charges settled since by reconciliation, and the remains of a crash."""

    def finish(left: list[Subscription]) -> list[Renewal]:
        renewals = [renewal_orders.found_again(subscription) for subscription in left]
        return _carry_out(renewals, gateways=gateways, carrier=carrier, now=now)

    return _in_batches(Subscription.objects.in_flight(now), finish, now=now, in_time=in_time)


def _in_batches(
    wanted: SubscriptionQuerySet,
    step: Callable[[list[Subscription]], list[Renewal]],
    *,
    now: datetime,
    in_time: InTime,
) -> list[Renewal]:
    done: list[Renewal] = []
    while batch := claim(wanted, now=now, limit=BATCH):
        done += step(batch)
        # A batch with room was the last one: a row that is due again already waits for the next run.
        if len(batch) < BATCH or not in_time():
            break
    return done


def claim(wanted: SubscriptionQuerySet, *, now: datetime, limit: int) -> list[Subscription]:
    """Take rows for the length of a lease; of two workers each gets other rows."""
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        rows = wanted.order_by("charge_due_at", "pk").select_for_update(skip_locked=skip_locked)
        ids = list(rows.values_list("pk", flat=True)[:limit])
        if not ids:
            return []
        Subscription.objects.filter(pk__in=ids).update(
            state=Subscription.State.IN_FLIGHT, lease_until=now + LEASE, fence=F("fence") + 1
        )
        claimed = Subscription.objects.filter(pk__in=ids).select_related("line__owner", "plan", "method")
        return list(claimed.order_by("charge_due_at", "pk"))


def _buy(subscriptions: list[Subscription], *, gateways: Gateways, carrier: Carrier, now: datetime) -> list[Renewal]:
    verdicts = judge(subscriptions, now=now) if subscriptions else []
    _each(verdicts, lambda verdict: _set_aside(verdict, now=now))
    to_charge = [verdict for verdict in verdicts if verdict.action == Action.CHARGE]
    return _carry_out(intend(to_charge, now=now), gateways=gateways, carrier=carrier, now=now)


def _carry_out(renewals: list[Renewal], *, gateways: Gateways, carrier: Carrier, now: datetime) -> list[Renewal]:
    charge(renewals, gateways=gateways, now=now)
    fulfil(renewals, carrier=carrier, now=now)
    conclude(renewals, now=now)
    return renewals


def intend(verdicts: Iterable[Verdict], *, now: datetime) -> list[Renewal]:
    """Commit orders and charges, with the keys the gateway will be asked with, before anybody is asked."""

    def one(verdict: Verdict) -> Renewal:
        # A savepoint: what is wrong with one row doesn't undo the others.
        with transaction.atomic():
            return renewal_orders.intend(verdict, now=now)

    with transaction.atomic():
        return _each(verdicts, one)


def charge(renewals: Iterable[Renewal], *, gateways: Gateways, now: datetime) -> None:
    """Ask the gateways and settle their answers, outside any transaction; without an answer a charge stays open."""
    created = [one.charge for one in renewals if one.charge and one.charge.state == Charge.State.CREATED]
    # Without a card it is the subscriber's own attempt, about to be paid on a page: that is not ours to charge.
    asked = [one for one in created if one.method_id is not None and one.gateway in gateways]
    _each(asked, lambda one: charges.charge_saved(charge=one, gateway=gateways[one.gateway], now=now))


def fulfil(renewals: Iterable[Renewal], *, carrier: Carrier, now: datetime) -> None:
    """Have the network deliver what is paid; what fails is found again by the tick that fulfils paid orders."""
    paid = Order.objects.filter(pk__in=_order_ids(renewals), state=Order.State.PAID)
    _each(paid, lambda order: orders.fulfil(order_id=order.pk, carrier=carrier, now=now))


def conclude(renewals: Iterable[Renewal], *, now: datetime) -> None:
    """Move each subscription to where its order stands: next period, ladder, pause, or still in flight."""
    current = Order.objects.in_bulk(_order_ids(renewals))

    def one(renewal: Renewal) -> None:
        renewal.order = current.get(renewal.order.pk) if renewal.order else None
        with transaction.atomic():
            _conclude(renewal, now=now)

    _each(renewals, one)


def _conclude(renewal: Renewal, *, now: datetime) -> None:
    subscription, order = renewal.subscription, renewal.order
    if renewal.refusal:
        dunning.record_decline(subscription=subscription, code=renewal.refusal, order=None, now=now)
    elif order is None:
        _release(subscription)
    elif order.state == Order.State.FULFILLED:
        _begin_next_period(subscription, now=now)
    elif order.state == Order.State.UNDELIVERABLE:
        _pause(subscription, reason=Reason.UNDELIVERABLE, now=now)
    elif order.state in Order.State.IN_FLIGHT:
        subscription.held().update(lease_until=now + LOOK_AGAIN)
    else:
        _conclude_unpaid(subscription, order=order, now=now)


def _conclude_unpaid(subscription: Subscription, *, order: Order, now: datetime) -> None:
    last_charge = order.charges.order_by("pk").last()
    if last_charge is None or last_charge.state in {Charge.State.ABANDONED, Charge.State.SUCCEEDED}:
        # Paid too late for this order: the money is in the balance.
        _release(subscription)
    elif last_charge.state == Charge.State.DECLINED and last_charge.created_at < subscription.charge_due_at:
        # That no is counted already; the attempt now due died before it was written down.
        _release(subscription)
    elif last_charge.state == Charge.State.DECLINED:
        dunning.record_decline(subscription=subscription, code=last_charge.decline_code, order=order, now=now)
    elif last_charge.state == Charge.State.NEEDS_ACTION:
        # Nobody is there to confirm; the order's page offers it, and the charge stays open for that.
        dunning.record_decline(subscription=subscription, code="authentication_required", order=order, now=now)
    else:
        subscription.held().update(lease_until=now + LOOK_AGAIN)


def _begin_next_period(subscription: Subscription, *, now: datetime) -> None:
    paid = last_paid([subscription.line_id], now=now).get(subscription.line_id)
    bought = subscription.period_index
    # Without paid time left (bought, and over again while the scheduler was off) the next one is due at once.
    schedule = (
        asdict(realigned(subscription, paid=paid, next_index=bought + 1)) if paid else {"period_index": bought + 1}
    )
    subscription.held().update(state=Subscription.State.ACTIVE, declines=0, reason="", lease_until=None, **schedule)


def _set_aside(verdict: Verdict, *, now: datetime) -> None:
    match verdict.action:
        case Action.WAIT:
            verdict.subscription.held().update(
                state=Subscription.State.ACTIVE, declines=0, reason="", lease_until=None, **asdict(verdict.schedule)
            )
        case Action.PAUSE:
            _pause(verdict.subscription, reason=verdict.reason, price=verdict.price, now=now)


def _release(subscription: Subscription) -> None:
    """Give a claimed row back as it was: nothing was asked of the bank."""
    state = Subscription.State.PAST_DUE if subscription.declines else Subscription.State.ACTIVE
    subscription.held().update(state=state, lease_until=None)


def _pause(subscription: Subscription, *, reason: str, now: datetime, price: Money | None = None) -> None:
    context = {
        "line": str(subscription.line),
        "plan": plan_names(subscription.plan),
        "reason": reason,
        "agreed": as_context(subscription.agreed_price),
    }
    if price is not None:
        context["price"] = as_context(price)
    with transaction.atomic():
        if subscription.held().update(state=Subscription.State.PAUSED, reason=reason, lease_until=None):
            notify(
                user=subscription.line.owner,
                kind="renewal_paused",
                key=f"renewal-paused:{subscription.public_id}:{subscription.fence}",
                context=context,
                now=now,
            )


def _order_ids(renewals: Iterable[Renewal]) -> list[int]:
    return [renewal.order.pk for renewal in renewals if renewal.order is not None]


def _each(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """Take a step for each; one that fails is logged, stays in flight and doesn't stop the others."""
    done = []
    for item in items:
        try:
            done.append(step(item))
        except Exception:  # the loop over other people's renewals must go on
            logger.exception("A renewal could not go on: %s", item)
    return done
