"""Check what must be true of the rows, and keep what is not."""

from datetime import datetime

from django.core.management.base import CommandError

from billing import invariant_watch
from billing.invariants import broken_invariants
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = (
        "Checks money, deliveries, profiles and queues; names what is broken and exits with 1. What is broken about"
        " money stops automatic charges, and what is not any more lets them go on."
    )

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        broken = broken_invariants(now=now) if dry_run else invariant_watch.look(now=now)
        if broken:
            raise CommandError("\n".join(f"{name}: {one}" for name, found in broken.items() for one in found))
        return ["all invariants hold"]
