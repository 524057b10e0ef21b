"""Work out what the stored notices of the gateway mean."""

from datetime import datetime

from billing import gateways
from billing.gateway_events import apply_gateway_events
from billing.models import GatewayEvent
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Applies the gateway's stored notices: looks each payment up and settles it."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would apply {event.event_id}" for event in GatewayEvent.objects.to_apply(now)]
        return [f"applied {apply_gateway_events(gateway=gateways.chosen(), now=now)} events"]
