"""Forms by which staff edit plans and prices, in the units people think in."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from plans.countries import country_names
from plans.gigabytes import parse_gigabytes, plain_gigabytes
from plans.models import Plan, PlanPrice
from plans.money_text import parse_price, plain_price


def _country_choices() -> list[tuple[str, str]]:
    return list(country_names(get_language() or "en").items())


class GigabytesField(forms.Field):
    """Shows and takes GB; its value is bytes."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return plain_gigabytes(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, int):
            return value
        return parse_gigabytes(value) if value and value.strip() else None


class CountriesField(forms.MultipleChoiceField):
    """Countries by name in the language of the page; its value is their codes in order."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminSelect2MultipleWidget())
        super().__init__(choices=_country_choices, **kwargs)

    def clean(self, value: Any) -> list[str]:
        return sorted(super().clean(value))


class PlanForm(forms.ModelForm[Plan]):
    countries = CountriesField(label=_("Countries"), help_text=_("Where the plan works."))
    data_bytes = GigabytesField(label=_("Data (GB)"), required=False, help_text=_("Empty: unlimited."))
    daily_cap_bytes = GigabytesField(
        label=_("Full speed a day (GB)"), required=False, help_text=_("Empty: no daily limit.")
    )

    class Meta:
        model = Plan
        fields = (
            "kind",
            "code",
            "name",
            "name_zh_hans",
            "name_zh_hant",
            "region",
            "countries",
            "period_count",
            "period_unit",
            "data_bytes",
            "daily_cap_bytes",
            "throttled_kbps",
            "voice_minutes",
            "sms_count",
            "fair_use",
            "fair_use_zh_hans",
            "fair_use_zh_hant",
            "is_active",
            "active_from",
            "active_until",
        )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        if cleaned["data_bytes"] is None and not (cleaned["daily_cap_bytes"] and cleaned["throttled_kbps"]):
            self.add_error(
                "data_bytes",
                _("Unlimited data needs its numbers: how much a day at full speed, and the speed after that."),
            )
        begins, ends = cleaned["active_from"], cleaned["active_until"]
        if ends is not None and begins is not None and ends <= begins:
            self.add_error("active_until", _("The plan would end before it begins to be sold."))
        return cleaned


class PriceForm(forms.ModelForm[PlanPrice]):
    """A price typed as "14.90"; nobody counts minor units."""

    currency = forms.ChoiceField(label=_("Currency"), widget=UnfoldAdminSelectWidget)
    price = forms.CharField(
        label=_("Price"), max_length=24, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )

    class Meta:
        model = PlanPrice
        fields = ("currency", "valid_from")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = dict.fromkeys([*settings.PORTAL_CURRENCIES, self.instance.currency])
        currency = self.fields["currency"]
        if isinstance(currency, forms.ChoiceField):
            currency.choices = [(code, code) for code in codes if code]
        if self.instance.pk:
            self.initial["price"] = plain_price(self.instance.amount, self.instance.currency)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned and {"price", "currency"} <= cleaned.keys():
            try:
                self.instance.amount = parse_price(cleaned["price"], cleaned["currency"]).minor
            except forms.ValidationError as error:
                self.add_error("price", error)
        return cleaned
