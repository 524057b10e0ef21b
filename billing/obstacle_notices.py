"""Notices of what stands in the way of a charge to come: told while there is time to do something about it."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from accounts.notice_sets import Draft, Recipient, draft
from billing.models import Subscription
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.schedule import last_paid
from billing.term_changes import as_letter
from billing.verdicts import Action, Reason, Verdict, judge_each


def obstacles(foreseen: Collection[Verdict], *, now: datetime) -> Iterator[tuple[Verdict, datetime | None]]:
    """Return which charges that will not be made are worth telling of, and until when their lines are paid.

    What only begins later is told once it has begun: nobody can agree to a price before that. A limit that is over
    before the paid time is leaves no gap. Who suspended the line knows.
    """
    pausing = [one.subscription for one in foreseen if one.action == Action.PAUSE]
    today = {one.subscription.pk: one.reason for one in judge_each(pausing, now=now)}
    paid = last_paid([one.subscription.line_id for one in foreseen], now=now)
    for verdict in foreseen:
        until = paid[verdict.subscription.line_id].ends_at if verdict.subscription.line_id in paid else None
        stands_already = verdict.action == Action.PAUSE and today.get(verdict.subscription.pk) == verdict.reason
        leaves_a_gap = verdict.action == Action.HOLD and until is not None and verdict.schedule.charge_due_at > until
        if (stands_already and verdict.reason != Reason.LINE_CLOSED) or leaves_a_gap:
            yield verdict, until


def obstacle_notice(verdict: Verdict, paid_until: datetime | None, *, now: datetime) -> Draft:
    """Return the notice of one; the same obstacle is told once a period, another price anew."""
    subscription = verdict.subscription
    facts: dict[str, Any] = {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "reason": str(verdict.reason),
        "charge_due_at": subscription.charge_due_at.isoformat(),
        **as_letter(subscription, price=verdict.price),
    }
    if paid_until is not None:
        facts["paid_until_at"] = paid_until.isoformat()
    return draft(
        recipient=Recipient.of(subscription.line.owner),
        kind="renewal_obstacle",
        key=_key(subscription, verdict),
        context=facts,
        now=now,
    )


def _key(subscription: Subscription, verdict: Verdict) -> str:
    price = as_context(verdict.price) if verdict.price else {}
    what = "".join(str(part) for part in (verdict.reason, *price.values()))
    return f"renewal-obstacle:{subscription.public_id}:{verdict.schedule.period_index}:{what}"
