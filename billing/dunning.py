"""What follows a declined renewal: told at once, tried again on a published ladder, then left to the subscriber."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.notifications import notify
from billing import operator_events, refused_orders
from billing.card_refusals import (
    Refusal,
    begins_with_second,
    is_second_cards_turn,
    latest_refusals,
    refused_by_card,
)
from billing.charges import open_charge, page_closes_at
from billing.declines import DECLINED
from billing.models import Order, Subscription
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.schedule import last_paid

LADDER = (timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=5), timedelta(days=7))
"""When a declined charge is tried again, counted from the first refusal. Published: subscribers plan by it."""


def next_attempt_at(*, declines: int, declined_at: datetime) -> datetime | None:
    """Return when the charge that was refused for the n-th time is tried again; None after the last rung.

    Counted from this refusal by the distance of two rungs, so that a scheduler that was off doesn't take several
    rungs at once.
    """
    if declines > len(LADDER):
        return None
    before = LADDER[declines - 2] if declines > 1 else timedelta()
    return declined_at + LADDER[declines - 1] - before


def last_attempt_at(*, declines: int, again_at: datetime) -> datetime:
    """Return when the last rung is reached if each from the next one on is climbed on its day."""
    return again_at + LADDER[-1] - LADDER[declines - 1]


def suspend_due_at(*, paid_until: datetime | None, last_attempt_at: datetime) -> datetime:
    """Return when a line is suspended whose renewal stays unpaid: after its paid time, the ladder, and the grace."""
    grace: timedelta = settings.RENEWAL_GRACE
    return max(paid_until or last_attempt_at, last_attempt_at) + grace


def record_decline(*, subscription: Subscription, code: str, order: Order | None, now: datetime) -> None:
    """Go on after a refusal: with the second card, on the next rung of the ladder, or with a pause.

    A pause is for what only the subscriber can mend. `order` is what can still be paid, on its page, until the last
    rung was refused; a balance that was too low has placed none.

    `subscription` must be claimed by us (IN_FLIGHT with our fence); whoever lost the claim writes nothing.
    """
    refused = refused_by_card(order)
    # Turned off while the bank was asked, nothing more is tried or told of.
    is_on = Subscription.objects.on().filter(pk=subscription.pk).exists()
    if is_on and is_second_cards_turn(subscription, refused=refused):
        _turn_to_second_card(subscription, code=code, now=now)
        return
    refusals = latest_refusals(subscription, code=code, refused=refused)
    decisive = next((one for one in refusals if one.may_pass), refusals[0])
    declines = subscription.declines + 1
    again_at = next_attempt_at(declines=declines, declined_at=now) if decisive.may_pass else None
    is_given_up = decisive.may_pass and again_at is None
    with transaction.atomic():
        moved = subscription.held().update(
            state=Subscription.State.PAUSED if again_at is None else Subscription.State.PAST_DUE,
            declines=declines,
            charge_due_at=again_at or subscription.charge_due_at,
            uses_backup=begins_with_second(subscription, refused=refused),
            reason=f"{DECLINED}{decisive.code}",
            suspend_due_at=_suspend_due_at(subscription, declines=declines, again_at=again_at, now=now),
            decided_at=now,
            lease_until=None,
        )
        if moved:
            operator_events.renewal_declined(subscription, code=decisive.code, again_at=again_at, now=now)
        if moved and is_given_up and order is not None:
            give_up(order, now=now)
        if moved and not is_on:
            refused_orders.let_go(subscription, now=now)
        elif moved and (declines == 1 or again_at is None):
            payable = None if is_given_up else order
            _tell(subscription, refusals=refusals, order=payable, again_at=again_at, now=now)


def give_up(order: Order, *, now: datetime) -> None:
    """Let an order end that was refused on the last rung: from now on, or when the page of who is paying it closes.

    The tick that ends what nobody paid asks the gateway first, so that money on its way is not lost.
    """
    held = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    charge = open_charge(held)
    is_on_page = charge is not None and charge.method_id is None
    ends_at = max(now, page_closes_at(charge)) if charge is not None and is_on_page else now
    Order.objects.filter(pk=held.pk, state=Order.State.PENDING, expires_at__gt=ends_at).update(expires_at=ends_at)


def rungs_ahead(subscription: Subscription, *, next_at: datetime) -> list[datetime]:
    """Return when a refused renewal is tried from `next_at` on, if each rung is climbed on its day."""
    done = subscription.declines
    if not 0 < done <= len(LADDER):
        return []
    return [next_at + rung - LADDER[done - 1] for rung in LADDER[done - 1 :]]


def _suspend_due_at(subscription: Subscription, *, declines: int, again_at: datetime | None, now: datetime) -> datetime:
    """Count from the last rung that will be tried; what was told at the first refusal is never brought forward."""
    paid = last_paid([subscription.line_id], now=now).get(subscription.line_id)
    due = suspend_due_at(
        paid_until=paid.ends_at if paid else None,
        last_attempt_at=last_attempt_at(declines=declines, again_at=again_at) if again_at else now,
    )
    told = subscription.suspend_due_at if declines > 1 else None
    return max(told, due) if told else due


def _turn_to_second_card(subscription: Subscription, *, code: str, now: datetime) -> None:
    """Have the second card tried at once, on the same rung; nobody is told unless that one refuses too."""
    subscription.held().update(
        state=Subscription.State.PAST_DUE,
        charge_due_at=now,
        uses_backup=True,
        reason=f"{DECLINED}{code}",
        decided_at=now,
        lease_until=None,
    )


def _tell(
    subscription: Subscription,
    *,
    refusals: list[Refusal],
    order: Order | None,
    again_at: datetime | None,
    now: datetime,
) -> None:
    """Tell at the first refusal, and when nothing will be tried any more; not at each rung."""
    context: dict[str, Any] = {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
        "code": refusals[0].code,
        "order_id": order.public_id if order else "",
    }
    if len(refusals) > 1:
        context["refusals"] = [asdict(refusal) for refusal in refusals]
    if again_at is not None:
        context["again_at"] = again_at.isoformat()
        context["last_at"] = last_attempt_at(declines=subscription.declines + 1, again_at=again_at).isoformat()
    notify(
        user=subscription.line.owner,
        kind="renewal_declined",
        # The fence names this very attempt: after a new card the same period may be refused, and told, again.
        key=f"renewal-declined:{subscription.public_id}:{subscription.fence}",
        context=context,
        now=now,
    )
