"""A line with unlimited data whose owner watches films: slow in the evening, fast again at midnight."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from accounts.models import User
from esim.carriers.base import UsageReport
from esim.models import Line, SimProfile
from esim.throttling import keep_speed
from esim.usage import ingest
from portal.demo.shopping import Shop
from portal.lib.data_size import MB
from portal.lib.dates import midnight

PLAN = "europe-unlimited-15day"
FILM = (840, 910, 780, 860)
"""Megabytes a half hour; together more than a day's full speed."""
SEVEN_IN_THE_EVENING = time(19)


def line_that_streams(owner: User, shop: Shop, *, began: datetime, now: datetime) -> Line:
    """Watch a film on the second evening, and another one today, as far as it has got."""
    line = shop.buy(owner, PLAN, nickname="Weekend in Paris", at=began)
    SimProfile.objects.filter(line=line).update(code_shown_at=began + timedelta(minutes=2))
    evening = datetime.combine((began + timedelta(days=1)).astimezone(line.zone), SEVEN_IN_THE_EVENING, line.zone)
    _watch(line, shop, until=evening + timedelta(hours=2), step=timedelta(minutes=30))
    began_today = midnight(now.astimezone(line.zone).date(), line.zone)
    keep_speed(carrier=shop.carrier, now=began_today, limit=100)
    # Whatever the hour is: all of it is today.
    _watch(line, shop, until=now, step=min(timedelta(minutes=30), (now - began_today) / (len(FILM) + 1)))
    return line


def _watch(line: Line, shop: Shop, *, until: datetime, step: timedelta) -> None:
    ingest(line=line, reports=_film(line, until=until, step=step), source=shop.carrier.name, now=until)
    keep_speed(carrier=shop.carrier, now=until, limit=100)


def _film(line: Line, *, until: datetime, step: timedelta) -> Iterator[UsageReport]:
    for number, megabytes in enumerate(reversed(FILM)):
        at = until - step * number
        yield UsageReport(record_id=f"{line.public_id}-film-{at:%Y%m%dT%H%M%S}", at=at, data_bytes=megabytes * MB)
