"""Cards of the demo that were "bought in a shop": whoever tries it out binds them by these numbers and PINs."""

from dataclasses import dataclass
from datetime import datetime

from esim import pins
from esim.models import Line, SimCard


@dataclass(frozen=True, slots=True)
class ShopCard:
    iccid: str
    pin: str
    form: Line.Form
    msisdn: str


# 999 is no country's calling code, and numbers with 555 in the middle belong to nobody.
CARDS = (
    ShopCard("8999901000000000013", "4711", Line.Form.PHYSICAL, "+12125550117"),
    ShopCard("8999901000000000021", "20262026", Line.Form.PHYSICAL, "+12125550125"),
    ShopCard("8999901000000000039", "1234", Line.Form.ESIM, "+12125550133"),
)


def take_into_stock(*, carrier: str, now: datetime) -> None:
    """Put the cards into the stock, unless they are there."""
    there = set(SimCard.objects.filter(iccid__in=[card.iccid for card in CARDS]).values_list("iccid", flat=True))
    for card in CARDS:
        if card.iccid not in there:
            row = SimCard(iccid=card.iccid, carrier=carrier, form=card.form, msisdn=card.msisdn, batch="demo")
            pins.set_pin(row, pin=card.pin, now=now)
            row.save()
