"""Tell people before a plan ends or its data runs out."""

from datetime import datetime

from accounts.notifications import deliver_due
from billing import reminders
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Writes the reminders that are due, each once, and sends them."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        due = reminders.send_reminders(now=now, dry_run=dry_run)
        verb = "would remind" if dry_run else "reminded"
        lines = [f"{verb} {reminder.user.public_id}: {reminder.key}" for reminder in due] or ["nothing is due"]
        return lines if dry_run else [*lines, f"sent {deliver_due(now=now)} notices"]
