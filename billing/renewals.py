"""Auto-renewal: claim what is due, write the intent, charge, fulfil, move on.

Each step commits before the next begins; a crash between two steps leaves rows that the next run finishes.
First charges and retries take the same steps. What is plain takes them in sets (plain_renewals), the rest one by one,
by the functions that a click on "Renew" uses.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from billing import charges, plain_renewals, renewal_orders
from billing.charging_stops import refuse_while_stopped, unless_stopped
from billing.gateways.base import Gateways
from billing.in_hand import lines_in_hand
from billing.models import Charge, Subscription, SubscriptionQuerySet
from billing.renewal_claims import LEASE, Claimed, Walk, claim, load
from billing.renewal_desk import Desk, InHand, Tell, silent
from billing.renewal_endings import GATEWAY_GONE, LONGEST_LOOK, each, is_another_cards, put_off, set_aside
from billing.renewal_orders import Renewal
from billing.renewal_run import Attempt, Stride, take_money
from billing.verdicts import Action, Verdict, judge, judge_each
from billing.withdrawn import is_for_gone_gateway, is_withdrawn
from esim.carriers.base import Carrier
from portal.lib.ticks import Clock, InTime, always

__all__ = [
    "LEASE",
    "Stride",
    "claim",
    "intend",
    "judge",
    "renew_due",
    "renew_one",
    "retry_declined",
]

USUAL = Stride()


def renew_due(
    *,
    gateways: Gateways,
    carrier: Carrier,
    now: datetime,
    in_time: InTime = always,
    stride: Stride = USUAL,
    tell: Tell = silent,
) -> int:
    """Finish what earlier runs left in flight, then renew what is due at `now`; return how many were taken up.

    Batch after batch, so that a backlog empties, until nothing is left or `in_time` says no. Raises ChargingStopped.
    """
    sweeps = (
        (Subscription.objects.in_flight(now), _finish),
        (Subscription.objects.due(now), _buy),
        (Subscription.objects.second_cards_turn(now), _buy_one_by_one),
    )
    desk = Desk(gateways=gateways, carrier=carrier, clock=Clock(now), stride=stride, tell=tell)
    return _take_up(sweeps, desk=desk, in_time=in_time)


def retry_declined(
    *,
    gateways: Gateways,
    carrier: Carrier,
    now: datetime,
    in_time: InTime = always,
    stride: Stride = USUAL,
    tell: Tell = silent,
) -> int:
    """Try declined renewals again whose next rung of the ladder is reached; raises ChargingStopped."""
    sweeps = (
        (Subscription.objects.to_retry(now), _buy_one_by_one),
        # Whose first card has just said no, and whose second one was allowed.
        (Subscription.objects.second_cards_turn(now), _buy_one_by_one),
    )
    desk = Desk(gateways=gateways, carrier=carrier, clock=Clock(now), stride=stride, tell=tell)
    return _take_up(sweeps, desk=desk, in_time=in_time)


def renew_one(*, subscription_id: int, gateways: Gateways, carrier: Carrier, now: datetime) -> bool:
    """Take one renewal up as the next run would; return whether it was there to be taken. Raises ChargingStopped."""
    refuse_while_stopped()
    desk = Desk(gateways=gateways, carrier=carrier, clock=Clock(now), stride=USUAL, tell=silent)
    this = Subscription.objects.filter(pk=subscription_id)
    ways = ((this.in_flight(now), _finish), (this.due(now), _buy), (this.to_retry(now), _buy_one_by_one))
    return any(_sweep(wanted, begin, desk=desk, in_time=always) for wanted, begin in ways)


Begin = Callable[[list[Claimed], Desk], list[Attempt[InHand]]]
"""Does with claimed rows what needs no gateway, and returns the charges that do."""


def _take_up(sweeps: Iterable[tuple[SubscriptionQuerySet, Begin]], *, desk: Desk, in_time: InTime) -> int:
    """Sweep one after the other, each at least a batch, so that the first doesn't starve the rest; none once stopped.

    Raises ChargingStopped.
    """
    refuse_while_stopped()
    in_time, goes_on = unless_stopped(in_time), unless_stopped(always)
    return sum(_sweep(wanted, begin, desk=desk, in_time=in_time) for wanted, begin in sweeps if goes_on())


def _sweep(wanted: SubscriptionQuerySet, begin: Begin, *, desk: Desk, in_time: InTime) -> int:
    walk = Walk(wanted, now=desk.now, limit=desk.stride.batch)
    taken_up = 0

    def batches() -> Iterator[list[Attempt[InHand]]]:
        nonlocal taken_up
        for claimed in walk.batches(in_time):
            taken_up += len(claimed)
            yield begin(claimed, desk)

    take_money(batches(), desk=desk, stride=desk.stride)
    return taken_up


def _buy(claimed: list[Claimed], desk: Desk) -> list[Attempt[InHand]]:
    plain: list[Attempt[Any]] = plain_renewals.begin(
        claimed, on_sale=desk.on_sale, gateways=desk.gateways, now=desk.now
    )
    taken = {one.about.subscription_id for one in plain}
    others = [one for one in claimed if one.pk not in taken]
    return [*plain, *_buy_one_by_one(others, desk)] if others else plain


def _buy_one_by_one(held: list[Claimed], desk: Desk) -> list[Attempt[InHand]]:
    claimed = load(held)
    in_hand = lines_in_hand(claimed)
    waiting = [one for one in claimed if one.line_id in in_hand]
    each(waiting, partial(put_off, now=desk.now))
    judged = judge_each([one for one in claimed if one not in waiting], now=desk.now)
    beyond_reach = [one.subscription for one in judged if renewal_orders.is_beyond_reach(one, desk.gateways)]
    each(beyond_reach, partial(put_off, reason=GATEWAY_GONE, look_in=LONGEST_LOOK, now=desk.now))
    verdicts = [one for one in judged if one.subscription not in beyond_reach]
    each(verdicts, partial(set_aside, now=desk.now))
    to_charge = [verdict for verdict in verdicts if verdict.action == Action.CHARGE]
    left = [verdict.subscription for verdict in verdicts if verdict.action != Action.CHARGE]
    aside = [one.pk for one in (*waiting, *beyond_reach, *left)]
    if aside:
        desk.tell(aside)
    _close_what_waits(to_charge, desk)
    return _to_ask(intend(to_charge, now=desk.now), desk)


def _close_what_waits(verdicts: Iterable[Verdict], desk: Desk) -> None:
    """Close attempts with other cards than those whose turn it is, which wait for a payer who did not come.

    An open one keeps the agreed card from being asked: both could be paid.
    """
    turns = {one.subscription.pk: one for one in verdicts}
    waiting = Charge.objects.filter(order__subscription__in=turns, state=Charge.State.NEEDS_ACTION)

    def close(charge: Charge) -> None:
        turn = turns[charge.order.subscription_id or 0]
        gateway = desk.gateways.get(charge.gateway)
        is_this_period = charge.order.period_index == turn.schedule.period_index
        if gateway is not None and is_this_period and is_another_cards(charge, turn.subscription):
            charges.abandon(charge=charge, gateway=gateway, now=desk.now)

    each(waiting.select_related("order__owner", "order__line", "method"), close)


def _finish(held: list[Claimed], desk: Desk) -> list[Attempt[InHand]]:
    return _to_ask(each(load(held), partial(_found_again, gateways=desk.gateways, now=desk.now)), desk)


def _found_again(subscription: Subscription, *, gateways: Gateways, now: datetime) -> Renewal:
    renewal = renewal_orders.found_again(subscription)
    charge = renewal.charge
    if charge is None:
        return renewal
    if is_for_gone_gateway(charge, gateways) or is_withdrawn(charge, now=now):
        renewal.charge = charges.withdraw(charge, now=now)
    return renewal


def intend(verdicts: Iterable[Verdict], *, now: datetime) -> list[Renewal]:
    """Commit orders and charges, with the keys the gateway will be asked with, before anybody is asked."""
    # A savepoint for each: what is wrong with one row doesn't undo the others.
    one = transaction.atomic(partial(renewal_orders.intend, now=now))
    with transaction.atomic():
        return each(verdicts, one)


def _to_ask(renewals: Iterable[Renewal], desk: Desk) -> list[Attempt[InHand]]:
    """Return the charges that a gateway is asked for now; go on at once with what needs none."""
    attempts: list[Attempt[InHand]] = []
    others = []

    def sort_out(renewal: Renewal) -> None:
        attempt = _attempt(renewal, desk.gateways, now=desk.now)
        if attempt is not None:
            attempts.append(attempt)
        else:
            others.append(renewal)

    each(renewals, sort_out)
    desk.go_on(others)
    return attempts


def _attempt(renewal: Renewal, gateways: Gateways, *, now: datetime) -> Attempt[InHand] | None:
    charge = renewal.charge
    # Without a card it is the subscriber's own attempt, about to be paid on a page: that is not ours to charge.
    if charge is None or charge.state != Charge.State.CREATED or charge.method is None:
        return None
    gateway = gateways.get(charge.gateway)
    if gateway is None:
        return None
    if charge.method.removed_at is not None:
        charges.charge_saved(charge=charge, gateway=gateway, now=now)
        return None
    return Attempt(about=renewal, charge_id=charge.pk, gateway=gateway, request=charges.saved_request(charge))
