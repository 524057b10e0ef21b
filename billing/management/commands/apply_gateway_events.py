"""Work out what the stored notices of the gateways mean."""

from datetime import datetime

from billing import gateway_events, gateways
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Applies the gateways' stored notices: looks up what each is about, and records it."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        every = gateways.configured()
        if dry_run:
            due = [event for gateway in every for event in gateway_events.to_apply(gateway=gateway, now=now)]
            return [f"would apply {event.event_id}" for event in due]
        applied = sum(gateway_events.apply_gateway_events(gateway=gateway, now=now) for gateway in every)
        return [f"applied {applied} events"]
