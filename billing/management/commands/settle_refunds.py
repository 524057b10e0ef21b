"""Go on with refunds: plans to take back, refunds and disputes whose answer is outstanding."""

from datetime import datetime

from billing import disputes, gateways, refunds, taking_back
from billing.models import Order
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Takes back what is to be taken back, and asks gateways about refunds and disputes."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return _would(now)
        undone = taking_back.take_back_due(carrier=carriers.chosen(), now=now)
        for order in undone:
            refunds.send_all(order_id=order.pk, gateways=gateways.by_name(), now=now)
        settled = sum(refunds.settle_refunds(gateway=gateway, now=now) for gateway in gateways.configured())
        decided = sum(disputes.settle_disputes(gateway=gateway, now=now) for gateway in gateways.configured())
        return [f"took back {len(undone)} orders, settled {settled} refunds and {decided} disputes"]


def _would(now: datetime) -> list[str]:
    lines = [f"would take back {order.public_id}" for order in Order.objects.to_take_back(now)]
    for gateway in gateways.configured():
        asked = [*refunds.to_ask_about(gateway=gateway, now=now), *disputes.to_ask_about(gateway=gateway, now=now)]
        lines += [f"would ask about {one.public_id} ({one.state})" for one in asked]
    return lines
