"""Deliver what is paid for."""

from datetime import datetime

from billing.models import Order
from billing.orders import fulfil_due
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Delivers paid orders, and asks again about those whose outcome at the network is unknown."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would fulfil {order.public_id}" for order in Order.objects.to_fulfil(now)]
        return [f"fulfilled {fulfil_due(carrier=carriers.chosen(), now=now)} orders"]
