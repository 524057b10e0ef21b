"""Take lines further that are moving to another device."""

from datetime import datetime

from esim.carriers import chosen
from esim.models import Replacement
from esim.replacing import follow
from esim.tasks import REPLACEMENTS
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Takes further what moves to another device: orders, looks whether it is online, moves, ends the old one."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = Replacement.objects.to_look_at(now).select_related("line")[:REPLACEMENTS]
            return [f"would look at {one.public_id} of {one.line.public_id}: {one.state}" for one in due]
        return [f"looked at {follow(carrier=chosen(), now=now, limit=REPLACEMENTS)} replacements"]
