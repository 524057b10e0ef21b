"""Where each top-up rule goes from what became of it: next purchase, ladder, pause, next month, or still in flight."""

from datetime import datetime, timedelta

from django.db import transaction

from billing import dunning, expiry, top_up_notices
from billing.declines import DECLINED, DeclineKind, explain
from billing.models import Charge, Order, TopUpRule
from billing.renewal_endings import BEING_DELIVERED, IN_DOUBT, look_again_at
from billing.top_up_orders import TopUp
from billing.top_up_verdicts import TopUpVerdict
from billing.verdicts import Action, Reason
from portal.lib.money import Money

COOL_DOWN = timedelta(minutes=10)
"""After a purchase: two polls of usage, so that the next look sees what the network has seen of it."""
BOUGHT = "bought"

State = TopUpRule.State


def set_aside(verdict: TopUpVerdict, *, now: datetime) -> None:
    """Move a rule on that does not buy now."""
    with transaction.atomic():
        match verdict.action:
            case Action.HOLD if verdict.goes_on_at is not None:
                _hold(verdict.rule, index=verdict.index, goes_on_at=verdict.goes_on_at, now=now)
            case Action.PAUSE:
                _pause(verdict.rule, reason=verdict.reason, index=verdict.index, price=verdict.price, now=now)


def conclude(top_up: TopUp, *, now: datetime) -> None:
    """Move a rule to where its order stands; whoever lost the claim writes nothing."""
    rule, order = top_up.rule, top_up.order
    with transaction.atomic():
        if top_up.refusal:
            _decline(rule, code=top_up.refusal, order=None, now=now)
        elif order is None or order.state == Order.State.EXPIRED:
            _release(rule)
        elif order.state in Order.State.DELIVERED:
            _go_on(rule, now=now)
        elif order.state == Order.State.UNDELIVERABLE:
            _pause(rule, reason=Reason.UNDELIVERABLE, index=rule.next_index + 1, now=now)
        elif order.state == Order.State.CANCELLED:
            _pause(rule, reason=Reason.SKIPPED, index=rule.next_index + 1, now=now)
        elif order.state in Order.State.IN_FLIGHT:
            _look_again(rule, reason=BEING_DELIVERED, since=order.paid_at or now, now=now)
        else:
            _conclude_unpaid(rule, order=order, now=now)


def _conclude_unpaid(rule: TopUpRule, *, order: Order, now: datetime) -> None:
    last_charge = order.charges.order_by("pk").last()
    if last_charge is None or last_charge.state in {Charge.State.ABANDONED, Charge.State.SUCCEEDED}:
        # Paid too late for this order: the money is in the balance. Or it was turned off, and nobody was asked.
        if _release(rule):
            expiry.call_off(order, now=now)
    elif last_charge.state == Charge.State.DECLINED and rule.wait_until and last_charge.created_at < rule.wait_until:
        # That no is counted already; the attempt now due died before it was written down.
        _release(rule)
    elif last_charge.state == Charge.State.DECLINED and _is_payers_own(last_charge, rule):
        # Who tried to pay by hand has seen that no; the card of the rule has not been asked.
        _release(rule)
    elif last_charge.state == Charge.State.DECLINED:
        _decline(rule, code=last_charge.decline_code, order=order, now=now)
    elif last_charge.state == Charge.State.NEEDS_ACTION:
        # Nobody is there to confirm; the order's page offers it, and the charge stays open for that.
        _decline(rule, code="authentication_required", order=order, now=now)
    else:
        _look_again(rule, reason=IN_DOUBT, since=last_charge.created_at, now=now)


def _is_payers_own(charge: Charge, rule: TopUpRule) -> bool:
    return not charge.off_session and charge.method_id != rule.method_id


def _go_on(rule: TopUpRule, *, now: datetime) -> None:
    _decide(
        rule,
        reason=BOUGHT,
        now=now,
        state=State.ACTIVE,
        next_index=rule.next_index + 1,
        declines=0,
        wait_until=now + COOL_DOWN,
        lease_until=None,
    )


def _decline(rule: TopUpRule, *, code: str, order: Order | None, now: datetime) -> None:
    """Put a refused purchase on the next rung of the ladder, or pause the rule when only the subscriber can help.

    Told at the first refusal and when nothing will be tried any more, not at each rung; and not once it is turned off.
    """
    declines = rule.declines + 1
    may_pass = explain(code).kind == DeclineKind.SOFT
    again_at = dunning.next_attempt_at(declines=declines, declined_at=now) if may_pass else None
    moved = _decide(
        rule,
        reason=f"{DECLINED}{code}",
        now=now,
        state=State.PAUSED if again_at is None else State.ACTIVE,
        declines=declines,
        wait_until=again_at,
        lease_until=None,
    )
    is_given_up = may_pass and again_at is None
    if moved and is_given_up and order is not None:
        dunning.give_up(order, now=now)
    is_on = moved and TopUpRule.objects.filter(pk=rule.pk, is_on=True).exists()
    if is_on and (declines == 1 or again_at is None):
        payable = None if is_given_up else order
        top_up_notices.tell_declined(rule, code=code, order=payable, again_at=again_at, now=now)


def _hold(rule: TopUpRule, *, index: int, goes_on_at: datetime, now: datetime) -> None:
    held = _decide(
        rule,
        reason=Reason.LIMIT_REACHED,
        now=now,
        state=State.ACTIVE,
        next_index=index,
        declines=0,
        wait_until=goes_on_at,
        lease_until=None,
    )
    if held:
        top_up_notices.tell_limit_reached(rule, goes_on_at=goes_on_at, now=now)


def _pause(rule: TopUpRule, *, reason: str, index: int, now: datetime, price: Money | None = None) -> None:
    paused = _decide(
        rule,
        reason=reason,
        now=now,
        state=State.PAUSED,
        next_index=index,
        declines=0,
        wait_until=None,
        lease_until=None,
    )
    if paused:
        top_up_notices.tell_paused(rule, reason=reason, price=price, now=now)


def put_off(rule: TopUpRule, *, reason: str, look_in: timedelta, now: datetime) -> None:
    """Buy nothing for a while, until what it waits for may be over; a declined one stays what it is."""
    why = rule.reason if rule.declines else reason
    _decide(rule, reason=why, now=now, state=State.ACTIVE, wait_until=now + look_in, lease_until=None)


def _look_again(rule: TopUpRule, *, reason: str, since: datetime, now: datetime) -> None:
    _decide(rule, reason=reason, now=now, lease_until=look_again_at(since=since, now=now))


def _release(rule: TopUpRule) -> bool:
    """Give a claimed row back as it was: nothing was asked of the bank. False where the claim is lost."""
    return rule.held().update(state=State.ACTIVE, lease_until=None) == 1


def _decide(rule: TopUpRule, *, reason: str, now: datetime, **columns: object) -> bool:
    """Move a claimed row and write down why; False where the claim is lost, and then nothing is written."""
    return rule.held().update(reason=reason, decided_at=now, **columns) == 1
