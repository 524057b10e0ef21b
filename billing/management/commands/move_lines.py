"""Hand over lines that two people agreed to move to another account."""

from datetime import datetime

from billing import gateways, moving
from esim.models import LineMove
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Hands over the lines whose owner and new owner agreed to it, once the time to undo it is over."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = LineMove.objects.due(now).select_related("line")
            return [f"would move {one.line.public_id} ({one.public_id})" for one in due[: moving.BATCH]]
        return [f"moved {moving.move_due(gateways=gateways.by_name(), now=now)} lines"]
