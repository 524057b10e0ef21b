"""Which promotion counts for a plan at a price: the one that takes most off."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation

from plans import effects
from plans.effects import Effect
from plans.models import Promotion
from plans.models.plans import deliverable
from plans.pricing import nominal_days
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.periods import PeriodUnit

Kind = Promotion.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRow:
    """A promotion as plain values, which a cache can keep."""

    pk: int
    name: str
    name_zh_hans: str
    name_zh_hant: str
    kind: str
    percent: int | None
    prices: dict[str, dict[str, int]]
    buy_count: int | None
    free_count: int | None
    period_unit: str
    steps: list[list[int]]
    plan_codes: list[str]
    regions: list[str]
    active_from: datetime
    active_until: datetime | None

    @classmethod
    def of(cls, promotion: Promotion) -> "PromotionRow":
        return cls(**{name: getattr(promotion, name) for name in cls.__dataclass_fields__})

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        language = translation.get_language() or ""
        return {"zh-hans": self.name_zh_hans, "zh-hant": self.name_zh_hant}.get(language) or self.name

    @property
    def terms(self) -> dict[str, Any]:
        """What an order keeps of it."""
        kept = ("name", "name_zh_hans", "name_zh_hant", "kind", "percent", "buy_count", "free_count")
        return {name: getattr(self, name) for name in kept}

    def runs(self, now: datetime) -> bool:
        return self.active_from <= now and (self.active_until is None or now < self.active_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A promotion with what it does to one plan at one price."""

    row: PromotionRow
    effect: Effect


def can_add_to_plans() -> bool:
    """Tell whether the network gives what we ask for; one that sells by codes of its own cannot add to a plan."""
    return not deliverable()


def is_for(deal: Any, terms: PlanTerms) -> bool:
    """Tell whether a coupon or promotion is for a plan."""
    return is_for_plan(deal, terms) and is_for_region(deal, terms)


def is_for_plan(deal: Any, terms: PlanTerms) -> bool:
    return not deal.plan_codes or terms.code in deal.plan_codes


def is_for_region(deal: Any, terms: PlanTerms) -> bool:
    return not deal.regions or terms.region in deal.regions


def effect_of(row: PromotionRow, *, terms: PlanTerms, price: Money, can_add: bool) -> Effect:
    """Return what a promotion does to a plan that it is for."""
    match row.kind:
        case Kind.PERCENT:
            return effects.percent_off(price, row.percent or 0, terms)
        case Kind.PRICE:
            wanted = effects.in_currency(row.prices.get(terms.code, {}), price.currency)
            return effects.special_price(price, price.minor if wanted is None else wanted, terms)
        case Kind.LONGER if not terms.is_data_pack:
            return effects.percent_off(price, effects.step_percent(row.steps, nominal_days(terms.period)), terms)
        case Kind.BUY_GET if can_add and row.buy_count and row.free_count:
            unit = PeriodUnit(row.period_unit)
            return effects.buy_get(price, terms, buy=row.buy_count, free=row.free_count, unit=unit)
    return Effect(off=Money.zero(price.currency), terms=terms)


def best_promotion(
    rows: Iterable[PromotionRow], *, terms: PlanTerms, price: Money, can_add: bool, now: datetime
) -> Promoted | None:
    """Return the promotion that takes most off; where none takes money off, the first that gives something."""
    fitting = [
        Promoted(row=row, effect=effect_of(row, terms=terms, price=price, can_add=can_add))
        for row in rows
        if row.runs(now) and is_for(row, terms)
    ]
    giving = [one for one in fitting if one.effect.gives_something]
    return max(giving, key=lambda one: one.effect.off.minor, default=None)
