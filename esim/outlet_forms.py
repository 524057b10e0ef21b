"""The form by which staff edit an outlet, and the one by which people look for one."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget

from accounts.time_zones import offered_zones
from esim.models import Outlet
from esim.opening_hours import BadHours, exceptions_text, parse_exceptions, parse_week, week_text
from esim.outlet_pages import RADII_KM
from plans.countries import country_names

CHOSEN_RADIUS_KM = 50


def _countries() -> list[tuple[str, str]]:
    return list(country_names(get_language() or "en").items())


def _radii() -> list[tuple[int, str]]:
    return [(km, gettext("%(km)d km") % {"km": km}) for km in RADII_KM]


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in offered_zones()]


class HoursField(forms.CharField):
    """Hours as lines of text; its value is what the outlet keeps."""

    def __init__(self, *, read: Any, write: Any, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2000, widget=UnfoldAdminTextareaWidget(), **kwargs)
        self.read, self.write = read, write

    def prepare_value(self, value: Any) -> Any:
        return self.write(value) if isinstance(value, dict) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != (data or "").replace("\r\n", "\n").strip())

    def clean(self, value: Any) -> Any:
        try:
            return self.read(super().clean(value))
        except BadHours as error:
            raise ValidationError(str(error)) from error


class OutletForm(forms.ModelForm[Outlet]):
    country = forms.ChoiceField(label=_("Country"), choices=_countries, widget=UnfoldAdminSelect2Widget())
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_zones, widget=UnfoldAdminSelect2Widget())
    weekly_hours = HoursField(
        read=parse_week,
        write=week_text,
        label=_("Opening hours"),
        help_text=_("A line for each day or span of days, on the clock of the outlet: Mon-Fri 10:00-13:00 14:00-19:00"),
    )
    exceptions = HoursField(
        read=parse_exceptions,
        write=exceptions_text,
        label=_("Other hours on some days"),
        help_text=_("A line for each day: 2026-12-24 10:00-14:00, or 2026-12-25 closed"),
    )

    class Meta:
        model = Outlet
        exclude = ("public_id",)  # noqa: DJ006 - staff edit everything else


class FindForm(forms.Form):
    """Where somebody is: a city, or a position. Sent by POST, so that no address or log ever holds it."""

    where = forms.CharField(
        label=_("City, country or position"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-position-field": ""}),
        help_text=_("Such as Paris, or 48.857, 2.352."),
    )
    radius = forms.TypedChoiceField(
        label=_("Within"),
        coerce=int,
        required=False,
        empty_value=str(CHOSEN_RADIUS_KM),
        choices=_radii,
        initial=CHOSEN_RADIUS_KM,
    )
