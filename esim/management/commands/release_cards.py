"""Put back on sale what was reserved by purchases that never asked for it."""

from datetime import datetime

from esim import stock
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Puts cards back on sale that a purchase reserved and, an hour later, has not asked the network for."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would put {card} back on sale" for card in stock.forgotten(now=now)]
        return [f"put {stock.release_forgotten(now=now)} cards back on sale"]
