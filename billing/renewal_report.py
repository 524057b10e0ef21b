"""What the scheduler would do, and did, in lines for whoever runs it by hand."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import OuterRef, Subquery

from billing.charging_stops import ChargingStopped, refuse_while_stopped
from billing.foretelling import RELATED, Foreseen, foresee, paid_from
from billing.gateways.base import Gateways
from billing.in_hand import lines_in_hand
from billing.models import Order, Subscription, SubscriptionQuerySet
from billing.renewal_endings import GATEWAY_GONE, LINE_IN_HAND
from billing.renewal_orders import is_beyond_reach
from billing.verdicts import Action, trigger_of


def would_do(
    wanted: SubscriptionQuerySet, *, left: SubscriptionQuerySet | None = None, gateways: Gateways, now: datetime
) -> list[str]:
    """Tell what a run at `now` would do with these rows, after what an earlier run has `left`; reads only."""
    rows = wanted.select_related(*RELATED).order_by("charge_due_at", "pk")
    in_hand = lines_in_hand(rows)
    foreseen = foresee([one for one in rows if one.line_id not in in_hand], now=now)
    looks = [_within_reach(look, gateways) for look in foreseen]
    waiting = [f"would put off: {_named(one)}, {LINE_IN_HAND}" for one in rows if one.line_id in in_hand]
    lines = [*_unfinished(left), *waiting, *looks] or ["nothing is due"]
    try:
        refuse_while_stopped()
    except ChargingStopped as reason:
        return [f"would do nothing while it stands: {reason}", *lines]
    return lines


def moved(ids: Collection[int]) -> list[str]:
    """Tell where a run has moved these subscriptions, a line for each."""
    last_order = Order.objects.filter(line=OuterRef("line"), subscription=OuterRef("pk")).order_by("-pk")
    rows = Subscription.objects.filter(pk__in=ids).select_related("line").order_by("pk")
    return [
        _tell(row)
        for row in rows.annotate(
            order_named=Subquery(last_order.values("public_id")[:1]), order_is=Subquery(last_order.values("state")[:1])
        )
    ]


def _within_reach(look: Foreseen, gateways: Gateways) -> str:
    if is_beyond_reach(look.verdict, gateways):
        return f"would put off: {_named(look.subscription)}, {GATEWAY_GONE}"
    return foretold(look)


def foretold(look: Foreseen) -> str:
    """Say what is done with one row, how much is taken from what for which period, or why nothing is."""
    named = _named(look.subscription)
    match look.action:
        case Action.CHARGE:
            what = f"charge: {named}, {_about_charge(look)}"
        case Action.WAIT:
            what = f"wait: {named}, paid until {_utc(look.starts_at)}, next charge {_utc(look.next_at)}"
        case Action.HOLD | Action.REST:
            what = f"hold: {named}, {look.reason}, goes on {_utc(look.next_at)}"
        case Action.ANNOUNCE:
            was_due_at = _utc(look.subscription.charge_due_at)
            what = f"announce anew: {named}, {look.price}, was due {was_due_at}, next charge {_utc(look.next_at)}"
        case Action.ASK:
            what = f"ask: {named}, {look.price}, looks again {_utc(look.next_at)}"
        case Action.LAPSE:
            what = f"let lapse: {named}, {look.reason}"
        case Action.PAUSE:
            what = f"pause: {named}, {look.reason}, agreed {look.price}, now {look.list_price}"
    return f"would {what}"


def _named(subscription: Subscription) -> str:
    return f"{subscription.line} ({subscription.line.public_id}), {subscription.plan.code}"


def _unfinished(left: SubscriptionQuerySet | None) -> list[str]:
    if left is None:
        return []
    return [
        f"would finish: {_named(one)}, {one.agreed_price}, "
        f"left in flight by a run before, free since {_utc(one.lease_until)}"
        for one in left.select_related("line", "plan").order_by("charge_due_at", "pk")
        if one.lease_until is not None
    ]


def _about_charge(look: Foreseen) -> str:
    source = paid_from(look) if look.is_covered else "the balance, which does not hold enough"
    second = f", then {look.second_card} if refused" if look.second_card else ""
    trigger = trigger_of(look.subscription)
    return f"{look.price}, {source}{second}, {_utc(look.starts_at, '')} to {_utc(look.ends_at)}, {trigger}"


def _utc(when: datetime, zone: str = " UTC") -> str:
    return f"{when:%Y-%m-%d %H:%M}{zone}"


def _tell(standing: Subscription) -> str:
    named, state = getattr(standing, "order_named", None), getattr(standing, "order_is", None)
    outcome = f"order {named} {state}" if named else "not ordered"
    return (
        f"{standing.line} ({standing.line.public_id}), {standing.agreed_price}: {outcome}; auto-renewal {standing.state} "
        f"({standing.reason}), next charge {standing.charge_due_at:%Y-%m-%d %H:%M} UTC"
    )
