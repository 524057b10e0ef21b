"""Tell people before a charge, before a plan or its data ends, and before a line is lost."""

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.notifications import deliver_due
from billing import reminders
from portal.lib.ticks import TickCommand

if TYPE_CHECKING:
    from accounts.notice_sets import Draft


class Command(TickCommand):
    help = "Writes the reminders that are due, each once, and sends them."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        due: list[Draft] = []
        reminders.send_reminders(now=now, dry_run=dry_run, hear=due.append)
        verb = "would remind" if dry_run else "reminded"
        lines = [f"{verb} {draft.recipient.public_id}: {draft.key}" for draft in due] or ["nothing is due"]
        return lines if dry_run else [*lines, f"sent {deliver_due(now=now)} notices"]
