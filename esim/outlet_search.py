"""Finding an outlet: by city, or by how far it is from a position that nobody keeps."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from esim.models import Outlet
from plans.countries import countries_matching

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the IUGG; with it a great circle is right within 0.5 %."""

NUMBER = r"([+-]?\d{1,3}(?:[.,]\d{1,12})?)\s*°?\s*"
POSITION = re.compile(rf"\s*{NUMBER}([NSns]?)\s*[,;\s]\s*{NUMBER}([EWew]?)\s*", re.ASCII)
SOUTH_OR_WEST = frozenset("SsWw")


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    outlet: Outlet
    km: float


def parse_position(text: str) -> Position | None:
    """Read "48.8566, 2.3522", also with N, S, E and W; None for what is no position on earth."""
    found = POSITION.fullmatch(text)
    if found is None:
        return None
    latitude, longitude = _degrees(found[1], found[2]), _degrees(found[3], found[4])
    return Position(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None  # noqa: PLR2004


def distance_km(here: Position, there: Position) -> float:
    """Return the length of the great circle between two positions (haversine, exact also for short ways)."""
    north, other_north = math.radians(here.latitude), math.radians(there.latitude)
    half_north = (other_north - north) / 2
    half_east = math.radians(there.longitude - here.longitude) / 2
    chord = math.sin(half_north) ** 2 + math.cos(north) * math.cos(other_north) * math.sin(half_east) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


def by_distance(outlets: Iterable[Outlet], *, here: Position) -> list[Near]:
    """Return all of them, the nearest first."""
    found = [Near(outlet=outlet, km=distance_km(here, position_of(outlet))) for outlet in outlets]
    return sorted(found, key=lambda near: near.km)


def position_of(outlet: Outlet) -> Position:
    return Position(float(outlet.latitude), float(outlet.longitude))


def in_place(text: str, *, language: str) -> list[Outlet]:
    """Return the outlets whose city, address, name or country matches what somebody typed, in any language."""
    words = Q()
    for field in ("city", "name", "address"):
        for suffix in ("", "_zh_hans", "_zh_hant"):
            words |= Q(**{f"{field}{suffix}__icontains": text.strip()})
    return list(Outlet.objects.open_to_public().filter(words | Q(country__in=countries_matching(text, language))))


def cities(outlets: Sequence[Outlet]) -> list[tuple[str, list[Outlet]]]:
    """Put outlets under their cities, in the order they come."""
    found: dict[tuple[str, str], list[Outlet]] = {}
    for outlet in outlets:
        found.setdefault((outlet.country, outlet.city), []).append(outlet)
    return [(some[0].city_label, some) for some in found.values()]


def _degrees(number: str, side: str) -> float:
    degrees = float(number.replace(",", "."))
    return -degrees if side in SOUTH_OR_WEST and side else degrees
