"""Slow lines down whose full speed for the day is used up, and lift it when the day is over."""

from datetime import datetime

from esim.carriers import chosen
from esim.models import ThrottleSpell
from esim.tasks import BATCH
from esim.throttling import keep_speed
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Asks the network to slow down lines that reached their daily cap, and to give full speed back afterwards."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = ThrottleSpell.objects.to_look_at(now).select_related("line")[:BATCH]
            return [f"would {'lift' if now >= one.resets_at else 'slow down'} {one.line.public_id}" for one in due]
        return [f"looked at {keep_speed(carrier=chosen(), now=now, limit=BATCH)} spells at reduced speed"]
