"""What an offer does to a price and to the terms of a plan. Pure arithmetic in whole minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plans.terms import PlanTerms
from portal.lib.money import Money, step
from portal.lib.periods import Period, PeriodUnit

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is taken off, and what the plan gives then; `bonus_bytes` and `extra` say what came on top."""

    off: Money
    terms: PlanTerms
    bonus_bytes: int = 0
    extra: Period | None = None

    @property
    def gives_something(self) -> bool:
        return bool(self.off or self.bonus_bytes or self.extra)


def percent_off(price: Money, percent: int, terms: PlanTerms) -> Effect:
    """Take a share off in what a card can be charged, half a step rounded in the buyer's favour."""
    size = step(price.currency)
    off = (2 * price.minor * percent + 100 * size) // (200 * size) * size
    return amount_off(price, off, terms)


def amount_off(price: Money, minor: int, terms: PlanTerms) -> Effect:
    """Take an amount off, and never more than there is."""
    return Effect(off=Money(min(minor, price.minor), price.currency), terms=terms)


def special_price(price: Money, minor: int, terms: PlanTerms) -> Effect:
    """Sell at another price; one above the price on the list takes nothing off."""
    return Effect(off=Money(max(price.minor - minor, 0), price.currency), terms=terms)


def more_data(price: Money, bonus_bytes: int, terms: PlanTerms) -> Effect:
    """Add data; what is unlimited gets none."""
    nothing = Money.zero(price.currency)
    if terms.data_bytes is None:
        return Effect(off=nothing, terms=terms)
    more = replace(terms, data_bytes=terms.data_bytes + bonus_bytes)
    return Effect(off=nothing, terms=more, bonus_bytes=bonus_bytes)


def more_time(price: Money, extra: Period, *, of: PlanTerms, terms: PlanTerms) -> Effect:
    """Add time to `terms`, with the data, minutes and SMS that the plan `of` gives in as much time, rounded down."""
    nothing = Money.zero(price.currency)
    if of.is_data_pack or not _adds_up(of.period, extra):
        return Effect(off=nothing, terms=terms)
    units, whole = _units(extra), _units(of.period)
    longer = _sum(terms.period, extra)
    more = replace(
        terms,
        period_unit=longer.unit.value,
        period_count=longer.count,
        data_bytes=None if terms.data_bytes is None else terms.data_bytes + (of.data_bytes or 0) * units // whole,
        voice_minutes=terms.voice_minutes + of.voice_minutes * units // whole,
        sms_count=terms.sms_count + of.sms_count * units // whole,
    )
    return Effect(off=nothing, terms=more, extra=extra)


def buy_get(price: Money, terms: PlanTerms, *, buy: int, free: int, unit: PeriodUnit) -> Effect:
    """Add `free` units for every `buy` units that the plan lasts."""
    lasts = terms.period
    if lasts.unit == PeriodUnit.YEAR and unit == PeriodUnit.MONTH:
        lasts = Period(PeriodUnit.MONTH, lasts.count * MONTHS_A_YEAR)
    times = lasts.count // buy if lasts.unit == unit else 0
    if not times:
        return Effect(off=Money.zero(price.currency), terms=terms)
    return more_time(price, Period(unit, times * free), of=terms, terms=terms)


def step_percent(steps: Sequence[Sequence[int]], days: int) -> int:
    """Return the percent of the longest step that so many days reach; 0 where they reach none."""
    reached = [(least, percent) for least, percent in steps if days >= least]
    return max(reached)[1] if reached else 0


def in_currency(amounts: Mapping[str, int], currency: str) -> int | None:
    """Return the minor units that are set for a currency."""
    return amounts.get(currency)


def _units(period: Period) -> int:
    return period.count * (MONTHS_A_YEAR if period.unit == PeriodUnit.YEAR else 1)


def _adds_up(one: Period, other: Period) -> bool:
    """Tell whether two periods are both days, or both whole months."""
    return (one.unit == PeriodUnit.DAY) == (other.unit == PeriodUnit.DAY)


def _sum(one: Period, other: Period) -> Period:
    if one.unit == other.unit:
        return Period(one.unit, one.count + other.count)
    return Period(PeriodUnit.MONTH, _units(one) + _units(other))
