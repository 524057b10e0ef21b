"""Buying what runs low: claim the rules that are due, write the intent, charge, deliver, move on.

Each step commits before the next begins; what a crash leaves between two steps is found again by its lease. Money and
data are moved by the same functions as a click.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F

from billing import charges, orders, top_up_endings
from billing.charging_stops import refuse_while_stopped, unless_stopped
from billing.gateways.base import Gateways
from billing.models import Charge, Order, TopUpRule, TopUpRuleQuerySet
from billing.renewal_claims import LEASE
from billing.renewal_endings import GATEWAY_GONE, LONGEST_LOOK
from billing.top_up_due import due
from billing.top_up_following import follow_payments
from billing.top_up_orders import TopUp, found_again, intend, is_beyond_reach
from billing.top_up_verdicts import TopUpVerdict, judge
from billing.verdicts import Action
from billing.withdrawn import is_for_gone_gateway
from esim.carriers.base import Carrier
from portal.lib.one_by_one import in_set, one_by_one
from portal.lib.ticks import InTime, always

T = TypeVar("T")
R = TypeVar("R")

BATCH = 100
KINDS = (TopUpRule.Kind.BALANCE, TopUpRule.Kind.DATA)
"""Money first: a pack that runs low may be paid from it."""


def top_up_low(*, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime = always) -> list[TopUp]:
    """Finish what earlier runs left in flight, then buy what runs low; raises ChargingStopped."""
    refuse_while_stopped()
    in_time = unless_stopped(in_time)
    follow_payments(now=now)
    finished = _finish_in_flight(gateways=gateways, carrier=carrier, now=now, in_time=in_time)
    wanted = [due(kind, now=now) for kind in KINDS]
    return finished + _buy_due(wanted, gateways=gateways, carrier=carrier, now=now, in_time=in_time)


def top_up_owner(*, owner_id: int, gateways: Gateways, carrier: Carrier, now: datetime) -> list[TopUp]:
    """Buy what runs low with one person, who has just spent from a balance; raises ChargingStopped."""
    if not TopUpRule.objects.watching(now).filter(owner=owner_id).exists():
        return []
    refuse_while_stopped()
    wanted = [due(kind, now=now).filter(owner=owner_id) for kind in KINDS]
    return _buy_due(wanted, gateways=gateways, carrier=carrier, now=now, in_time=always)


def _buy_due(
    wanted: Iterable[TopUpRuleQuerySet], *, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime
) -> list[TopUp]:
    """Claim page after page, each from where the one before ended: what is due again behind it waits for the next run."""
    done: list[TopUp] = []
    for rules in wanted:
        after = 0
        while batch := claim(rules.filter(pk__gt=after), now=now, limit=BATCH):
            done += _buy(batch, gateways=gateways, carrier=carrier, now=now)
            after = batch[-1].pk
            if len(batch) < BATCH or not in_time():
                break
    return done


def _finish_in_flight(*, gateways: Gateways, carrier: Carrier, now: datetime, in_time: InTime) -> list[TopUp]:
    """Move on what stands in flight: charges settled since by reconciliation, and the remains of a crash."""
    done: list[TopUp] = []
    while left := claim(TopUpRule.objects.in_flight(now), now=now, limit=BATCH):
        again = _each(left, lambda rule: _found_again(rule, gateways=gateways, now=now))
        done += _carry_out(again, gateways=gateways, carrier=carrier, now=now)
        if len(left) < BATCH or not in_time():
            break
    return done


def _found_again(rule: TopUpRule, *, gateways: Gateways, now: datetime) -> TopUp:
    top_up = found_again(rule)
    charge = top_up.charge
    if charge is not None and is_for_gone_gateway(charge, gateways):
        top_up.charge = charges.withdraw(charge, now=now)
    return top_up


def claim(wanted: TopUpRuleQuerySet, *, now: datetime, limit: int) -> list[TopUpRule]:
    """Take rows for the length of a lease; of two workers each gets other rows."""
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        rows = wanted.order_by("pk").select_for_update(skip_locked=skip_locked, of=("self",))
        ids = list(rows.values_list("pk", flat=True)[:limit])
        TopUpRule.objects.filter(pk__in=ids).update(
            state=TopUpRule.State.IN_FLIGHT, lease_until=now + LEASE, fence=F("fence") + 1
        )
        claimed = TopUpRule.objects.filter(pk__in=ids).select_related("owner", "line", "plan", "method", "agreement")
        return list(claimed.order_by("pk"))


def _buy(rules: list[TopUpRule], *, gateways: Gateways, carrier: Carrier, now: datetime) -> list[TopUp]:
    judged = in_set(rules, lambda some: judge(some, now=now))
    beyond_reach = [one.rule for one in judged if is_beyond_reach(one, gateways)]
    verdicts = [one for one in judged if one.rule not in beyond_reach]
    _each(beyond_reach, lambda rule: top_up_endings.put_off(rule, reason=GATEWAY_GONE, look_in=LONGEST_LOOK, now=now))
    _each(verdicts, lambda verdict: top_up_endings.set_aside(verdict, now=now))
    to_charge = [verdict for verdict in verdicts if verdict.action == Action.CHARGE]
    return _carry_out(_intend(to_charge, now=now), gateways=gateways, carrier=carrier, now=now)


def _intend(verdicts: Iterable[TopUpVerdict], *, now: datetime) -> list[TopUp]:
    """Commit orders and charges, with the keys the gateway will be asked with, before anybody is asked."""
    # A savepoint for each: what is wrong with one row doesn't undo the others.
    one = transaction.atomic(partial(intend, now=now))
    with transaction.atomic():
        return _each(verdicts, one)


def _carry_out(top_ups: list[TopUp], *, gateways: Gateways, carrier: Carrier, now: datetime) -> list[TopUp]:
    created = [one.charge for one in top_ups if one.charge and one.charge.state == Charge.State.CREATED]
    # Without a card it is the subscriber's own attempt, about to be paid on a page: that is not ours to charge.
    asked = [one for one in created if one.method_id is not None and one.gateway in gateways]
    _each(asked, lambda one: charges.charge_saved(charge=one, gateway=gateways[one.gateway], now=now))
    ids = [one.order.pk for one in top_ups if one.order is not None]
    paid = Order.objects.filter(pk__in=ids, state=Order.State.PAID)
    _each(paid, lambda order: orders.fulfil(order_id=order.pk, carrier=carrier, now=now))
    current = Order.objects.in_bulk(ids)
    for one in top_ups:
        one.order = current.get(one.order.pk) if one.order else None
    _each(top_ups, lambda one: top_up_endings.conclude(one, now=now))
    return top_ups


def _each(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """Take a step for each; one that fails is logged, stays in flight and doesn't stop the others."""
    return one_by_one(items, step, what="A top-up", about=lambda item: {"top_up_rule": getattr(item, "rule", None)})
