"""Find what the operator's systems want to hear of."""

from datetime import datetime

from billing import operator_events
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Writes webhook messages about what was delivered and paid since the last look."
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - messages are all it makes
        return [f"told {operator_events.derive(now=now)}"]
