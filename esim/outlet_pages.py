"""What the pages of outlets show: distances, and opening hours in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext, pgettext

from esim.models import Outlet
from esim.opening_hours import Standing, spans_on, standing_at
from esim.outlet_search import Near, Position, by_distance, cities, in_place, parse_position
from plans.countries import country_name
from portal.lib.dates import distance, format_clock, format_date_for

AT_ONCE = 30
RADII_KM = (10, 25, 50, 100, 500)
EXCEPTIONS_SHOWN = timedelta(days=60)
TOMORROW = 1
A_WEEK = 7
MAP = "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=17/{0}/{1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletCard:
    """An outlet as the reader sees it; `km` is empty where nobody said from where."""

    outlet: Outlet
    standing: Standing
    hours: str
    km: str = ""

    @property
    def map_href(self) -> str:
        return MAP.format(self.outlet.latitude, self.outlet.longitude)

    @property
    def country(self) -> str:
        return country_name(self.outlet.country, get_language() or "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to. `nearest` is named where it lies beyond the radius, `wider_km` is one that reaches it."""

    cards: Sequence[OutletCard]
    by_position: bool
    radius_km: int
    nearest: OutletCard | None = None
    wider_km: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    hours: str
    is_today: bool = False


def find(*, where: str, radius_km: int, now: datetime) -> Found:
    """Look for outlets within the radius of a position, or in a place; the text is not kept anywhere."""
    position = parse_position(where)
    if position is None:
        found = in_place(where, language=get_language() or "en")
        return Found(cards=[card(one, now=now) for one in found[:AT_ONCE]], by_position=False, radius_km=radius_km)
    return _around(position, radius_km=radius_km, now=now)


def _around(position: Position, *, radius_km: int, now: datetime) -> Found:
    near = by_distance(Outlet.objects.open_to_public(), here=position)
    within = [_measured(one, now=now) for one in near[:AT_ONCE] if one.km <= radius_km]
    if within or not near:
        return Found(cards=within, by_position=True, radius_km=radius_km)
    return Found(
        cards=[],
        by_position=True,
        radius_km=radius_km,
        nearest=_measured(near[0], now=now),
        wider_km=next((km for km in RADII_KM if km >= near[0].km), None),
    )


def by_city(outlets: Sequence[Outlet], *, now: datetime) -> list[tuple[str, str, list[OutletCard]]]:
    """Return city, country and the cards of the outlets there."""
    return [
        (city, country_name(some[0].country, get_language() or "en"), [card(one, now=now) for one in some])
        for city, some in cities(outlets)
    ]


def card(outlet: Outlet, *, now: datetime, km: float | None = None) -> OutletCard:
    local = now.astimezone(outlet.zone)
    standing = standing_at(local, week=outlet.weekly_hours, exceptions=outlet.exceptions)
    return OutletCard(
        outlet=outlet,
        standing=standing,
        hours=_words(standing, local=local),
        km="" if km is None else km_text(km),
    )


def km_text(km: float) -> str:
    """Write a distance as people say it: metres below one kilometre, one decimal below ten."""
    if km < 1:
        return gettext("%(m)d m") % {"m": max(50, round(km * 1000, -1 if km < 0.1 else -2))}  # noqa: PLR2004
    return gettext("%(km)s km") % {"km": f"{km:.1f}" if km < 10 else f"{km:.0f}"}  # noqa: PLR2004


def week_of(outlet: Outlet, *, now: datetime) -> list[Day]:
    """Return the hours of the next seven days, today first, exceptions already in them."""
    today = now.astimezone(outlet.zone).date()
    days = [today + timedelta(days=ahead) for ahead in range(A_WEEK)]
    return [Day(str(WEEKDAYS[day.weekday()]), _hours_on(outlet, day), is_today=day == today) for day in days]


def exceptions_of(outlet: Outlet, *, now: datetime) -> list[Day]:
    """Return the days to come with other hours than their weekday has."""
    today = now.astimezone(outlet.zone).date()
    dates = [date.fromisoformat(day) for day in sorted(outlet.exceptions)]
    language = get_language() or "en"
    coming = [day for day in dates if today <= day <= today + EXCEPTIONS_SHOWN]
    return [Day(format_date_for(day, language), _hours_on(outlet, day)) for day in coming]


def _hours_on(outlet: Outlet, day: date) -> str:
    spans = spans_on(day, week=outlet.weekly_hours, exceptions=outlet.exceptions)
    return ", ".join(span.replace("-", "\N{EN DASH}") for span in spans) or pgettext(
        "an outlet or the hotline", "closed"
    )


def _measured(near: Near, *, now: datetime) -> OutletCard:
    return card(near.outlet, now=now, km=near.km)


def _words(standing: Standing, *, local: datetime) -> str:
    language = get_language() or "en"
    if standing.closes_at is not None:
        return gettext("Open now until %(time)s") % {"time": format_clock(standing.closes_at, language)}
    if standing.opens_at is None:
        return pgettext("an outlet or the hotline", "Closed")
    time = format_clock(standing.opens_at, language)
    days = (standing.opens_at.date() - local.date()).days
    if TOMORROW < days < A_WEEK:
        told = {"day": str(WEEKDAYS[standing.opens_at.weekday()]), "time": time}
        return gettext("Closed now, opens %(day)s at %(time)s") % told
    told = {"day": str(distance(local.date(), standing.opens_at.date())), "time": time}
    return gettext("Closed now, opens %(day)s at %(time)s") % told
