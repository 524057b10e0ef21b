"""Work out what the stored notices of the gateway mean."""

from datetime import datetime

from billing import gateway_events, gateways
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Applies the gateway's stored notices: looks each payment up and settles it."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        gateway = gateways.chosen()
        if dry_run:
            due = gateway_events.to_apply(gateway=gateway, now=now)
            return [f"would apply {event.event_id}" for event in due]
        return [f"applied {gateway_events.apply_gateway_events(gateway=gateway, now=now)} events"]
