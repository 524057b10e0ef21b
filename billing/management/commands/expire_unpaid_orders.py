"""End orders that nobody paid in time."""

from datetime import datetime

from billing import gateways
from billing.expiry import expire_unpaid_orders, to_end
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Ends orders that were not paid in time and releases what they had reserved of the balance."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        every = gateways.by_name()
        if dry_run:
            return [f"would expire {order.public_id}" for order in to_end(gateway_names=every, now=now)]
        return [f"expired {expire_unpaid_orders(gateways=every, now=now)} orders"]
