"""Put back into the stock what was reserved by purchases and applications that came to nothing."""

from datetime import datetime

from esim import delivery, stock
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Puts cards back into the stock that a purchase has not asked for an hour later, or whose application ended."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            cards = [*stock.forgotten(now=now), *delivery.forsaken()]
            return [f"would put {card} back into the stock" for card in cards]
        released = stock.release_forgotten(now=now) + delivery.release_forsaken()
        return [f"put {released} cards back into the stock"]
