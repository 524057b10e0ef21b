"""The demo, told once: who is there, what they bought, and how they used it."""

from datetime import datetime, timedelta

from portal.demo.lines import make_lines
from portal.demo.people import STAFF, STRANGER, SUBSCRIBER, make_person
from portal.demo.price_list import make_price_list

PRICES_SINCE = timedelta(days=400)


def tell(*, now: datetime) -> None:
    """Make whatever of the demo is not there yet; times count back from `now`."""
    make_price_list(since=now - PRICES_SINCE)
    make_person(STAFF)
    make_lines(subscriber=make_person(SUBSCRIBER), stranger=make_person(STRANGER), now=now)
