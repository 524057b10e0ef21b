"""What somebody tells about a trip, or about where they use a line."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from plans.catalogue import PlanRow
from plans.countries import country_name, named_countries
from plans.search import currency_choices
from plans.trips import LONGEST_DAYS, Trip, Use
from portal.lib.data_size import format_bytes
from portal.lib.dates import format_date_for

COUNTRIES = ("country_1", "country_2", "country_3", "country_4")
A_WEEK = timedelta(days=6)
FURTHEST = timedelta(days=2 * LONGEST_DAYS)


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        # Browsers read and send dates of their picker like this, whatever the language.
        super().__init__(format="%Y-%m-%d")


class Described(forms.Form):
    """A search that can be told to support."""

    def described(self) -> list[str]:
        """Say what is filled in, a line each; what the form does not offer is left out."""
        self.is_valid()
        return [
            gettext("%(label)s: %(value)s") % {"label": field.label, "value": self._spoken(name, field)}
            for name, field in self.fields.items()
            if self.cleaned_data.get(name)
        ]

    def _spoken(self, name: str, field: forms.Field) -> str:
        value = self.cleaned_data[name]
        if isinstance(value, date):
            return format_date_for(value, get_language() or "en")
        choices: Any = cast("forms.ChoiceField", field).choices
        return str(dict(choices)[value])


class TripForm(Described):
    """Where, when and what for; asked by address, so that an answer can be kept and sent on."""

    country_1 = forms.ChoiceField(label=_("Country"))
    country_2 = forms.ChoiceField(label=_("Another country"), required=False)
    country_3 = forms.ChoiceField(label=_("A third country"), required=False)
    country_4 = forms.ChoiceField(label=_("A fourth country"), required=False)
    first = forms.DateField(label=_("First day"), widget=DayInput(), input_formats=["%Y-%m-%d"])
    last = forms.DateField(label=_("Last day"), widget=DayInput(), input_formats=["%Y-%m-%d"])
    use = forms.ChoiceField(label=_("What do you use it for?"), widget=forms.RadioSelect, initial=Use.NORMAL.value)
    currency = forms.ChoiceField(label=_("Currency"), required=False)

    def __init__(self, data: Any, *, rows: Sequence[PlanRow], currency: str = "", **kwargs: Any) -> None:
        today = timezone.localdate()
        super().__init__(data, initial={"first": today, "last": today + A_WEEK, "currency": currency}, **kwargs)
        countries = sold_countries(rows)
        choose = pgettext_lazy("a country in a list", "Choose")
        for name in COUNTRIES:
            self._choice(name).choices = [("", choose if name == COUNTRIES[0] else "–"), *countries]
        self._choice("currency").choices = currency_choices(currency)
        self._choice("use").choices = [(use.value, self._use_label(use)) for use in Use]

    def _choice(self, name: str) -> forms.ChoiceField:
        return cast("forms.ChoiceField", self.fields[name])

    @staticmethod
    def _use_label(use: Use) -> str:
        told = {"use": use.label, "size": format_bytes(use.bytes_a_day, get_language() or "en")}
        return gettext("%(use)s: about %(size)s a day") % told

    def clean_first(self) -> date:
        first: date = self.cleaned_data["first"]
        if first > timezone.localdate() + FURTHEST:
            raise forms.ValidationError(_("That is too far ahead to know any prices."))
        return first

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The trip would end before it begins."))
        elif first and last and (last - first).days >= LONGEST_DAYS:
            self.add_error("last", _("A year at most: prices and plans change."))
        elif last and last < timezone.localdate():
            self.add_error("last", _("This trip is over. Choose days to come."))
        return cleaned

    @property
    def trip(self) -> Trip:
        """What a valid form tells."""
        told = self.cleaned_data
        return Trip(
            countries=frozenset(told[name] for name in COUNTRIES if told.get(name)),
            first=told["first"],
            last=told["last"],
            use=Use(told["use"]),
        )


class PlaceForm(Described):
    """In which country a line is used; empty for wherever its plan works."""

    country = forms.ChoiceField(label=_("Where do you use it?"), required=False)

    def __init__(self, data: Any, *, rows: Sequence[PlanRow], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        anywhere = _("Wherever my plan works")
        cast("forms.ChoiceField", self.fields["country"]).choices = [("", anywhere), *sold_countries(rows)]

    @property
    def chosen(self) -> str:
        """Return the country that was chosen; "" where none was, or one where nothing is sold."""
        return str(self.cleaned_data.get("country") or "") if self.is_valid() else ""


def sold_countries(rows: Iterable[PlanRow]) -> list[tuple[str, str]]:
    """Return codes and names of the countries in which a plan works, in the order of their names."""
    language = get_language() or "en"
    codes = {code for row in rows if not row.terms.is_data_pack for code in row.terms.countries}
    names = {country_name(code, language): code for code in codes}
    return [(names[name], name) for name in named_countries(codes, language)]
