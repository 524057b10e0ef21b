"""End orders that nobody paid in time."""

from datetime import datetime

from billing import gateways
from billing.expiry import expire_unpaid_orders
from billing.models import Order
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Ends orders that were not paid in time and releases what they had reserved of the balance."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would expire {order.public_id}" for order in Order.objects.unpaid_past_deadline(now)]
        return [f"expired {expire_unpaid_orders(gateway=gateways.chosen(), now=now)} orders"]
