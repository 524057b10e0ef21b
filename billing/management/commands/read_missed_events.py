"""Read the notices that gateways keep, for those that never came."""

from datetime import datetime

from billing import gateways, missed_events
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Reads on where the gateways keep their notices, and stores those whose webhook never came."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        every = gateways.configured()
        if dry_run:
            cursors = {gateway.name: missed_events.cursor_of(gateway.name) for gateway in every}
            return [f"would read {name} from {cursor or 'an hour ago'}" for name, cursor in cursors.items()]
        missed = {gateway.name: missed_events.read_missed_events(gateway=gateway, now=now) for gateway in every}
        return [f"{name}: {count} notices had not come" for name, count in missed.items()]
