"""Cards for those who applied: some in the stock, and one that waits at the outlet."""

from datetime import datetime

from accounts.models import User
from esim import delivery, pins
from esim.identifiers import with_luhn_digit
from esim.models import Line, SimApplication, SimCard

FIRST, PIN = 899990100000000004, "2468"
"""The first card is the one that is set aside; the page on which cards are added tells number and PIN."""
CARDS = 4


def give_out_cards(staff: User, *, carrier: str, now: datetime) -> None:
    for number in range(CARDS):
        iccid = with_luhn_digit(str(FIRST + number))
        card = SimCard(iccid=iccid, carrier=carrier, form=Line.Form.PHYSICAL, batch="demo applicants")
        card.msisdn = f"+1212555014{number}"
        pins.set_pin(card, pin=PIN, now=now)
        card.save()
    for application in SimApplication.objects.filter(state=SimApplication.State.APPROVED):
        delivery.prepare(application=application, staff=staff, iccid=with_luhn_digit(str(FIRST)), ip=None, now=now)
