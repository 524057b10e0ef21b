"""Ask the gateways about charges whose answer never came."""

from datetime import datetime

from billing import gateways, reconciliation
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Asks the gateways about charges that are under way, and settles those it knows of."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        every = gateways.configured()
        if dry_run:
            due = [charge for gateway in every for charge in reconciliation.to_ask_about(gateway=gateway, now=now)]
            return [f"would ask about {charge.public_id} ({charge.state})" for charge in due]
        settled = sum(reconciliation.reconcile_charges(gateway=gateway, now=now) for gateway in every)
        return [f"settled {settled} charges"]
