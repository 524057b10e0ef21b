"""Suspend lines whose renewal stays unpaid."""

from datetime import datetime

from accounts.notifications import deliver_due
from billing import suspension
from billing.models import Subscription
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Tells whose time of grace began, suspends lines where it is over, and asks again about open changes."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = Subscription.objects.to_suspend(now).select_related("line")
            graced = suspension.in_grace(now).select_related("line")
            return [
                *(f"in grace until {one.suspend_due_at:%Y-%m-%d %H:%M}: {one.line.public_id}" for one in graced),
                *(f"would suspend {one.line.public_id}" for one in due),
            ] or ["nothing is due"]
        suspended = suspension.suspend_unpaid(carrier=carriers.chosen(), now=now)
        return [f"suspended {suspended} lines", f"sent {deliver_due(now=now)} notices"]
