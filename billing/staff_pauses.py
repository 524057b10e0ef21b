"""Stopping an auto-renewal for a subscriber who asked, and letting it go on; the reason goes on record."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.agreements import NothingToContinue, with_time_to_tell
from billing.models import Subscription
from billing.schedule import last_paid, realigned

State = Subscription.State


def pause(*, subscription: Subscription, reason: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Charge nothing until it is resumed; return False where it was paused or is being charged right now."""
    with transaction.atomic():
        standing = Subscription.objects.filter(pk=subscription.pk, state__in=State.PAUSABLE)
        if not standing.update(state=State.PAUSED, reason=reason, decided_at=now):
            return False
        _record("auto_renewal.paused_by_staff", subscription, reason=reason, actor=actor, ip=ip, now=now)
    return True


def resume(*, subscription: Subscription, reason: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Go on from the end of the time paid for; return False where it was not paused.

    Raises NothingToContinue where no time is paid for: resuming would charge at once for a plan that has lapsed.
    """
    paid = last_paid([subscription.line_id], now=now).get(subscription.line_id)
    if paid is None:
        raise NothingToContinue
    schedule = realigned(subscription, paid=paid, next_index=subscription.period_index)
    schedule = with_time_to_tell(schedule, of=subscription, paid=paid, now=now)
    with transaction.atomic():
        paused = Subscription.objects.filter(pk=subscription.pk, state=State.PAUSED, fence=subscription.fence)
        if not paused.update(state=State.ACTIVE, declines=0, reason="", decided_at=now, **asdict(schedule)):
            return False
        _record("auto_renewal.resumed_by_staff", subscription, reason=reason, actor=actor, ip=ip, now=now)
    return True


def _record(
    action: str, subscription: Subscription, *, reason: str, actor: User, ip: str | None, now: datetime
) -> None:
    line = subscription.line
    audit.record(
        actor=actor, subject=line.owner, action=action, target=line.public_id, detail={"reason": reason}, ip=ip, now=now
    )
