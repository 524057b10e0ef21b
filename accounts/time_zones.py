"""Time zones as people choose them."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def offered_zones() -> list[str]:
    """Return UTC and the zones named after places, without the aliases of old systems."""
    places = {zone for zone in available_timezones() if zone.partition("/")[0] in REGIONS and "/" in zone}
    return ["UTC", *sorted(places)]


@cache
def _by_spelling() -> dict[str, str]:
    """Map "asia/taipei" and "taipei" to the zone; a city in two regions needs its region."""
    spellings: dict[str, list[str]] = {}
    for zone in offered_zones():
        for spelling in {zone, zone.rpartition("/")[2]}:
            spellings.setdefault(_fold(spelling), []).append(zone)
    return {spelling: zones[0] for spelling, zones in spellings.items() if len(zones) == 1}


def _fold(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


class ZoneInput(forms.TextInput):
    """A field that searches its own list as one types, without script."""

    template_name = "accounts/widgets/zone_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        listed = {**(attrs or {}), "list": f"{(attrs or {}).get('id', name)}_list"}
        return {**super().get_context(name, value, listed), "zones": offered_zones()}


class TimeZoneField(forms.CharField):
    """The zone by its name or by its city, in any case."""

    widget = ZoneInput

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        zone = _by_spelling().get(_fold(text))
        if zone is None:
            raise ValidationError(
                _("No time zone is called “%(text)s”. Choose one from the list, such as Asia/Taipei."),
                code="invalid_zone",
                params={"text": text},
            )
        return zone
