"""Open tickets for paid orders that are not delivered in time."""

from datetime import datetime

from django.conf import settings

from accounts.notifications import deliver_due
from billing import overdue
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Opens a ticket for each paid order past the promise, tells its buyer, and closes those that are over."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        promise = settings.PORTAL_PROMISE
        if dry_run:
            late = [f"would open a ticket for {order.public_id}" for order in overdue.overdue(promise=promise, now=now)]
            return [*late, *(f"would close {ticket}" for ticket in overdue.over())] or ["nothing is due"]
        opened = overdue.open_overdue_tickets(promise=promise, now=now)
        return [f"opened {opened} tickets", f"sent {deliver_due(now=now)} notices"]
