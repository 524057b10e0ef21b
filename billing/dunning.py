"""What follows a declined renewal: told at once, tried again on a published ladder, then left to the subscriber."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.notifications import notify
from billing.declines import DeclineKind, explain
from billing.models import Order, Subscription
from billing.plan_names import plan_names
from billing.sales import as_context

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


def record_decline(*, subscription: Subscription, code: str, order: Order | None, now: datetime) -> None:
    """Put a declined renewal on the next rung of the ladder, or pause it when only the subscriber can help.

    `order` is what can still be paid, on its page; a balance that was too low has placed none.

    `subscription` must be claimed by us (IN_FLIGHT with our fence); whoever lost the claim writes nothing.
    """
    declines = subscription.declines + 1
    may_pass = explain(code).kind == DeclineKind.SOFT
    again_at = next_attempt_at(declines=declines, declined_at=now) if may_pass else None
    with transaction.atomic():
        moved = subscription.held().update(
            state=Subscription.State.PAUSED if again_at is None else Subscription.State.PAST_DUE,
            declines=declines,
            charge_due_at=again_at or subscription.charge_due_at,
            reason=f"declined:{code}",
            lease_until=None,
        )
        if moved and (declines == 1 or again_at is None):
            _tell(subscription, code=code, order=order, again_at=again_at, now=now)


def _tell(
    subscription: Subscription, *, code: str, order: Order | None, again_at: datetime | None, now: datetime
) -> None:
    """Tell at the first refusal, and when nothing will be tried any more; not at each rung."""
    context = {
        "line": str(subscription.line),
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
        "code": code,
        "order_id": order.public_id if order else "",
    }
    if again_at is not None:
        context["again_at"] = again_at.isoformat()
    notify(
        user=subscription.line.owner,
        kind="renewal_declined",
        # The fence names this very attempt: after a new card the same period may be refused, and told, again.
        key=f"renewal-declined:{subscription.public_id}:{subscription.fence}",
        context=context,
        now=now,
    )
