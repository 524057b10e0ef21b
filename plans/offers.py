"""Rows of the catalogue in one currency, with what their price comes to."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from babel.lists import format_list
from django.utils.translation import get_language, gettext, pgettext, to_locale

from plans import pricing
from plans.catalogue import PlanRow
from plans.countries import named_countries
from plans.pricing import LongerSaving, Saving, is_monthly, nominal_days
from plans.promoting import Promoted, PromotionRow, best_promotion, can_add_to_plans
from plans.terms import PlanTerms
from portal.lib.money import Money

COUNTRIES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan at what is to be paid for it; without a price it is not sold in the currency.

    `promoted` says what a promotion does to it, where one does: `list_price` is then the price without. `price_in`
    says what is to be paid in a currency.
    """

    row: PlanRow
    currency: str
    price: Money | None
    saving: Saving | None
    longer: LongerSaving | None = None
    list_price: Money | None = None
    promoted: Promoted | None = None
    price_in: Callable[[str], Money | None]

    @property
    def public_id(self) -> str:
        return self.row.public_id

    @property
    def terms(self) -> PlanTerms:
        return _given(self.row, self.promoted)

    @property
    def per_gb(self) -> Money | None:
        return pricing.per_gb(self.price, self.terms.data_bytes) if self.price is not None else None

    @property
    def per_day(self) -> Money | None:
        return pricing.per_day(self.price, self.terms.period) if self.price is not None else None

    @property
    def is_reduced(self) -> bool:
        """Whether less is to be paid than the price on the list."""
        return self.promoted is not None and bool(self.promoted.effect.off)

    @property
    def days(self) -> int:
        return nominal_days(self.terms.period)

    @property
    def countries(self) -> list[str]:
        """Names in the active language."""
        return named_countries(self.terms.countries, get_language() or "en")

    @property
    def coverage(self) -> str:
        """Name the countries, all of them where one more would take no more room than saying so."""
        names = self.countries
        more = len(names) - COUNTRIES_SHOWN
        if more <= 1:
            return format_list(names, locale=to_locale(get_language() or "en")) if names else ""
        shown = pgettext("between names of countries", ", ").join(names[:COUNTRIES_SHOWN])
        return gettext("%(countries)s and %(count)d more") % {"countries": shown, "count": more}

    @property
    def has_facts(self) -> bool:
        """Whether there is more to say than how much data for how long."""
        terms = self.terms
        return any((terms.daily_cap_bytes, terms.throttled_kbps, terms.voice_minutes, terms.sms_count))

    @property
    def other_prices(self) -> list[Money]:
        """What is to be paid in the other currencies."""
        others = (self.price_in(code) for code in sorted(self.row.prices) if code != self.currency)
        return [price for price in others if price is not None]


def offers(
    rows: Sequence[PlanRow],
    *,
    currency: str,
    among: Iterable[PlanRow],
    promotions: Sequence[PromotionRow],
    now: datetime,
) -> list[Offer]:
    """Price rows in a currency; `among` are the rows they may be compared with, at what they cost as well."""
    reduced = partial(_reduced, promotions=promotions, can_add=can_add_to_plans(), now=now)
    months: list[tuple[PlanTerms, Money]] = []
    places: defaultdict[tuple[str, ...], list[tuple[PlanTerms, Money]]] = defaultdict(list)
    for row in among:
        price, promoted = reduced(row, currency)
        if price is not None:
            given = _given(row, promoted)
            places[tuple(row.terms.countries)].append((given, price))
            if is_monthly(row.terms):
                months.append((row.terms, _part_for(row.terms, price, given=given)))
    return [
        _offer(row, partial(reduced, row), currency=currency, months=months, others=places[tuple(row.terms.countries)])
        for row in rows
    ]


def _given(row: PlanRow, promoted: Promoted | None) -> PlanTerms:
    """Return what is sold, with what a promotion adds."""
    return promoted.effect.terms if promoted else row.terms


def _part_for(listed: PlanTerms, price: Money, *, given: PlanTerms) -> Money:
    """Return what of a price is for the period on the list: half of it, where a second month comes with the first."""
    return Money(price.minor * nominal_days(listed.period) // nominal_days(given.period), price.currency)


def _reduced(
    row: PlanRow, currency: str, *, promotions: Sequence[PromotionRow], can_add: bool, now: datetime
) -> tuple[Money | None, Promoted | None]:
    """Return what is to be paid for a row, and the promotion that makes it so."""
    price = row.price_in(currency)
    if price is None:
        return None, None
    promoted = best_promotion(promotions, terms=row.terms, price=price, can_add=can_add, now=now)
    return (price - promoted.effect.off if promoted else price), promoted


def _offer(
    row: PlanRow,
    reduced: Callable[[str], tuple[Money | None, Promoted | None]],
    *,
    currency: str,
    months: Iterable[tuple[PlanTerms, Money]],
    others: Iterable[tuple[PlanTerms, Money]],
) -> Offer:
    price, promoted = reduced(currency)
    return Offer(
        row=row,
        currency=currency,
        price=price,
        saving=pricing.year_saving(row.terms, price, months=months) if price else None,
        longer=pricing.longer_saving(_given(row, promoted), price, others=others) if price else None,
        list_price=row.price_in(currency),
        promoted=promoted,
        price_in=lambda code: reduced(code)[0],
    )
