"""A charge that is far later than it was announced for: told anew, and made when that notice has had its time.

Nothing was charged for days, because staff or broken books had stopped it all; nobody expects it any more.
"""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from accounts import notice_sets
from accounts.notice_sets import Draft
from billing.charge_notices import announcement
from billing.foretelling import foresee_at
from billing.models import Subscription
from billing.notice_keys import rungs
from billing.verdicts import Verdict


def announce(verdict: Verdict, *, now: datetime) -> None:
    """Put a claimed charge off, and tell of it; the ladder of a declined one stays where it is.

    Whoever lost the claim writes nothing.
    """
    subscription, schedule = verdict.subscription, verdict.schedule
    is_refused = subscription.declines > 0
    told = _fresh_notice(verdict, now=now)
    # It is told of here: the sweep of notices need not look at it, unless something stands in its way.
    told_of = {
        "notice_for": schedule.charge_due_at,
        "notice_amount": subscription.consent_amount,
        "notice_due_at": None,
    }
    with transaction.atomic():
        moved = subscription.held().update(
            state=Subscription.State.PAST_DUE if is_refused else Subscription.State.ACTIVE,
            reason=subscription.reason if is_refused else verdict.reason,
            decided_at=now,
            lease_until=None,
            **asdict(schedule),
            **(told_of if told else {}),
        )
        if moved:
            notice_sets.write(told, now=now)


def _fresh_notice(verdict: Verdict, *, now: datetime) -> list[Draft]:
    """Return the notice of the charge as it is foreseen for its new time; none where something stands in its way."""
    was_due_at = verdict.subscription.charge_due_at
    looks = foresee_at([(verdict.moved(), verdict.schedule.charge_due_at)])
    rung = rungs(verdict.subscription.plan.period)[-1]
    return [announcement(look, rung=rung, was_due_at=was_due_at, now=now) for look in looks if look.charges]
