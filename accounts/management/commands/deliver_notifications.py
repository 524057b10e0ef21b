"""Send the notices that are due."""

from datetime import datetime

from accounts.models import Notification
from accounts.notifications import deliver_due
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Sends the notices that are due, each once."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = Notification.objects.due(now).order_by("due_at", "pk")
            return [f"would send {notice.key}" for notice in due]
        return [f"sent {deliver_due(now=now)}"]
