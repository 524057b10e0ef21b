"""A renewal that would pass the limit its subscriber set: told once, and tried again when the month is over."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.notifications import notify
from billing.models import Subscription
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.verdicts import Verdict


def hold(verdict: Verdict, *, now: datetime) -> None:
    """Charge nothing until next month; paid time goes on, and renewing by hand works all the while."""
    subscription, schedule = verdict.subscription, verdict.schedule
    with transaction.atomic():
        held = subscription.held().update(
            state=Subscription.State.ACTIVE,
            declines=0,
            reason=verdict.reason,
            decided_at=now,
            lease_until=None,
            **asdict(schedule),
        )
        if held:
            notify(
                user=subscription.line.owner,
                kind="renewal_limit_reached",
                # What was agreed to anew may have other limits, which are reached again.
                key=f"renewal-limit:{subscription.public_id}:{subscription.agreement_id}:{schedule.charge_due_at:%Y-%m-%d}",
                context=_facts(verdict, now=now),
                now=now,
            )


def _facts(verdict: Verdict, *, now: datetime) -> dict[str, Any]:
    subscription = verdict.subscription
    facts = {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
        "goes_on_at": verdict.schedule.charge_due_at.isoformat(),
    }
    return {**facts, "paid_until_at": verdict.starts_at.isoformat()} if verdict.starts_at > now else facts
