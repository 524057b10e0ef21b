"""Send the notices that are due."""

from datetime import datetime

from accounts.models import Notification
from accounts.notifications import deliver_due
from accounts.waited_notices import facts_now
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Sends the notices that are due, each once."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = list(Notification.objects.due(now).select_related("user").order_by("due_at", "pk"))
            anew = facts_now(due, now=now)
            gone = {notice.pk for notice in due if anew.get(notice.pk, notice.context) is None}
            return [f"would {'leave out' if notice.pk in gone else 'send'} {notice.key}" for notice in due]
        return [f"sent {deliver_due(now=now)}"]
