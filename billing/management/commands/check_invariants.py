"""Check what must be true of the rows."""

from datetime import datetime

from django.core.management.base import CommandError

from billing.invariants import broken_invariants
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Checks money, deliveries, profiles and queues; names what is broken and exits with 1."
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - it only looks
        broken = broken_invariants(now=now)
        if broken:
            raise CommandError("\n".join(f"{name}: {one}" for name, found in broken.items() for one in found))
        return ["all invariants hold"]
