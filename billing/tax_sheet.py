"""Tax rates as staff type them: one by one, and as a sheet with a row for each country and day."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.instance_loaders import ModelInstanceLoader
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.models import TaxRate
from billing.models.taxes import percent
from billing.tax import parse_percent
from plans.columns import TextColumn
from plans.countries import country_names
from portal.lib.sheets import SheetOptions, SheetResource


class CountryColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> str:
        code = super().clean(value, **kwargs).upper()
        if code not in country_names("en"):
            raise ValidationError(gettext("“%(text)s” is not the code of a country, such as DE.") % {"text": code[:40]})
        return code


class PercentColumn(TextColumn):
    """Percent in the sheet, basis points in the row."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        return parse_percent(super().clean(value, **kwargs))

    def render(self, value: object, **_kwargs: Any) -> str:
        return percent(value).removesuffix("%") if isinstance(value, int) else ""


class DayColumn(TextColumn):
    """A day in ISO 8601; a date cell of a spreadsheet comes with a time, which says nothing."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        if isinstance(value, datetime):
            return value.date()
        text = super().clean(value, **kwargs)
        try:
            day = parse_date(text.removesuffix(" 00:00:00"))
        except ValueError:
            day = None
        if day is None:
            raise ValidationError(gettext("“%(text)s” is not a day. Write it like 2026-12-21.") % {"text": text[:40]})
        return day

    def render(self, value: object, **_kwargs: Any) -> str:
        return value.isoformat() if isinstance(value, date) else ""


class TaxRateResource(SheetResource):
    country = Field("country", "country", CountryColumn())
    starts_on = Field("starts_on", "starts_on", DayColumn())
    name = Field("name", "name", TextColumn())
    basis_points = Field("basis_points", "percent", PercentColumn())

    class Meta(SheetOptions):
        model = TaxRate
        exclude = ("id",)
        import_id_fields = ("country", "starts_on")
        # The one that remembers rows knows keys of one column only.
        instance_loader_class = ModelInstanceLoader


class TaxRateForm(forms.ModelForm[TaxRate]):
    """A rate typed as "19" or "7.7"; nobody counts basis points."""

    country = forms.ChoiceField(label=_("Country"), widget=UnfoldAdminSelectWidget)
    percent = forms.CharField(
        label=_("Rate in percent"), max_length=8, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )

    class Meta:
        model = TaxRate
        fields = ("country", "name", "starts_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = self.fields["country"]
        if isinstance(country, forms.ChoiceField):
            country.choices = [
                (code, f"{name} ({code})") for code, name in country_names(get_language() or "en").items()
            ]
        if self.instance.pk:
            self.initial["percent"] = percent(self.instance.basis_points).removesuffix("%")

    def clean_percent(self) -> str:
        text: str = self.cleaned_data["percent"]
        self.instance.basis_points = parse_percent(text)
        return text
