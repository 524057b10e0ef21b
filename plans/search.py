"""What a visitor looks for in the catalogue: the filters, their order, and the words for them."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from babel.numbers import get_currency_name
from django import forms
from django.conf import settings
from django.db import models
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from plans import pricing
from plans.catalogue import PlanRow
from plans.countries import countries_matching
from plans.models.terms import Region
from plans.offers import Offer
from plans.terms import PlanTerms
from portal.lib.data_size import GB, format_bytes
from portal.lib.money import Money

LEAST_DATA = {str(size): size * GB for size in (1, 3, 5, 10, 20, 50)}
UNLIMITED = "unlimited"
NARROWING = ("region", "country", "period", "size")


class PeriodClass(models.TextChoices):
    """How long a plan lasts, as people say it: 30 days and one month are both a month."""

    DAY = "day", _("A day")
    DAYS = "days", _("Several days")
    MONTH = "month", _("A month")
    QUARTER = "quarter", _("A quarter")
    YEAR = "year", _("A year")


FROM_DAYS = (
    (360, PeriodClass.YEAR),
    (84, PeriodClass.QUARTER),
    (28, PeriodClass.MONTH),
    (2, PeriodClass.DAYS),
    (0, PeriodClass.DAY),
)


class Order(models.TextChoices):
    RECOMMENDED = "", _("Recommended")
    PRICE = "price", _("Lowest price")
    PER_GB = "per-gb", _("Lowest price per GB")
    PER_DAY = "per-day", _("Lowest price per day")
    DATA = "data", _("Most data")


class SearchForm(forms.Form):
    """The filters; a value it does not know is an error beside the field and filters nothing."""

    region = forms.ChoiceField(label=_("Region"), required=False)
    country = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "country-name"}),
    )
    period = forms.ChoiceField(label=_("Valid for"), required=False)
    size = forms.ChoiceField(label=_("Data"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=Order.choices)

    def __init__(self, data: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        anywhere = pgettext_lazy("any value of a filter", "Any")
        self.choices: dict[str, list[tuple[Any, Any]]] = {
            "region": [("", _("Everywhere")), *Region.choices],
            "period": [("", anywhere), *PeriodClass.choices],
            "size": [("", anywhere), *_size_choices()],
            "currency": currency_choices(str(data.get("currency") or "")),
        }
        for name, choices in self.choices.items():
            cast("forms.ChoiceField", self.fields[name]).choices = choices

    def value(self, name: str) -> str:
        """Return the valid value of a filter; "" where none is set."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")

    @property
    def narrows(self) -> bool:
        return any(self.data.get(name) for name in NARROWING)

    @property
    def is_in_staff_order(self) -> bool:
        return Order(self.value("sort")) is Order.RECOMMENDED

    def matches(self, row: PlanRow) -> bool:
        terms = row.terms
        return (
            self.value("region") in ("", terms.region)
            and self.value("period") in ("", period_class(terms))
            and _has_data(terms, self.value("size"))
            and self._covers(terms)
        )

    def _covers(self, terms: PlanTerms) -> bool:
        country = self.value("country")
        if not country.strip():
            return True
        return not countries_matching(country, translation.get_language() or "en").isdisjoint(terms.countries)

    def sorted(self, offers: Iterable[Offer]) -> list[Offer]:
        """Arrange offers; what is not sold in the currency comes last, and ties stay as staff arranged them."""
        return sorted(offers, key=lambda offer: (offer.price is None, SORT_KEYS[Order(self.value("sort"))](offer)))

    def described(self) -> list[str]:
        """Say the filters that are set, a line each, for a message to support."""
        return [
            gettext("%(label)s: %(value)s") % {"label": self.fields[name].label, "value": self._spoken(name)}
            for name in NARROWING
            if self.data.get(name)
        ]

    def _spoken(self, name: str) -> str:
        value = str(self.data[name])
        return str(dict(self.choices.get(name, [])).get(value, value))


OFFERED = {
    "region": {"", *Region.values},
    "country": {""},
    "period": {"", *PeriodClass.values},
    "size": {"", UNLIMITED, *LEAST_DATA},
    "currency": {"", *settings.PORTAL_CURRENCIES},
    "sort": {"", *Order.values},
}


def is_common(query: QueryDict) -> bool:
    """Whether every parameter is one the form offers; what visitors type themselves is not common."""
    return all(len(values) == 1 and values[0] in OFFERED.get(name, ()) for name, values in query.lists())


def period_class(terms: PlanTerms) -> PeriodClass:
    days = pricing.nominal_days(terms.period)
    return next(name for least, name in FROM_DAYS if days >= least)


def _has_data(terms: PlanTerms, wanted: str) -> bool:
    if not wanted or terms.data_bytes is None:
        return True
    return wanted != UNLIMITED and terms.data_bytes >= LEAST_DATA[wanted]


def _size_choices() -> list[tuple[str, str]]:
    language = translation.get_language() or "en"
    at_least = gettext("%(size)s or more")
    sizes = [(value, at_least % {"size": format_bytes(size, language)}) for value, size in LEAST_DATA.items()]
    return [*sizes, (UNLIMITED, gettext("Unlimited"))]


def currency_choices(chosen: str) -> list[tuple[str, str]]:
    language = translation.to_locale(translation.get_language() or "en")
    codes = dict.fromkeys([*settings.PORTAL_CURRENCIES, chosen])
    return [(code, f"{code} · {get_currency_name(code, locale=language)}") for code in codes if code]


def _dearest_last(money: Money | None) -> tuple[bool, int]:
    return (True, 0) if money is None else (False, money.minor)


SORT_KEYS: dict[Order, Callable[[Offer], Any]] = {
    Order.RECOMMENDED: lambda _offer: 0,
    Order.PRICE: lambda offer: _dearest_last(offer.price),
    Order.PER_GB: lambda offer: _dearest_last(offer.per_gb),
    Order.PER_DAY: lambda offer: _dearest_last(offer.per_day),
    Order.DATA: lambda offer: -(offer.terms.data_bytes if offer.terms.data_bytes is not None else 1 << 62),
}
