"""Tell staff which requests for help wait for an answer."""

from datetime import datetime

from accounts.models import Ticket
from accounts.ticket_alerts import tell_staff
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Writes to staff about requests for help that began to wait since the last time."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would tell of {ticket.public_id}" for ticket in Ticket.objects.untold().order_by("moved_at")]
        return [f"told of {tell_staff(now=now)}"]
