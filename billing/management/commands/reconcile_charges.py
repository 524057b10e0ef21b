"""Ask the gateway about charges whose answer never came."""

from datetime import datetime

from billing import gateways, reconciliation
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Asks the gateway about charges that are under way, and settles those it knows of."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        gateway = gateways.chosen()
        if dry_run:
            due = reconciliation.to_ask_about(gateway=gateway, now=now)
            return [f"would ask about {charge.public_id} ({charge.state})" for charge in due]
        return [f"settled {reconciliation.reconcile_charges(gateway=gateway, now=now)} charges"]
