"""What a price comes to: for a GB, for a day, over a year. Whole minor units throughout."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.money import Money
from portal.lib.periods import Period, PeriodUnit

NOMINAL_DAYS = {PeriodUnit.DAY: 1, PeriodUnit.MONTH: 30, PeriodUnit.YEAR: 365}
"""For comparing prices only; when a period ends is counted on the calendar."""

MONTHLY = (Period(PeriodUnit.MONTH, 1), Period(PeriodUnit.DAY, 30), Period(PeriodUnit.DAY, 31))
YEARLY = (Period(PeriodUnit.YEAR, 1), Period(PeriodUnit.MONTH, 12), Period(PeriodUnit.DAY, 365))
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Saving:
    """What a year costs less than twelve months, in money and in whole percent."""

    money: Money
    percent: int


@dataclass(frozen=True, slots=True)
class LongerSaving:
    """What a GB and a day cost less than with a shorter plan, in whole percent; 0 where they cost no less."""

    than: PlanTerms
    gb_percent: int
    day_percent: int


def nominal_days(period: Period) -> int:
    return NOMINAL_DAYS[period.unit] * period.count


def per_gb(price: Money, data_bytes: int | None) -> Money | None:
    """Return the price of one GB; None where the data is unlimited or absent."""
    if not data_bytes:
        return None
    return Money(_divided(price.minor * GB, data_bytes), price.currency)


def per_day(price: Money, period: Period) -> Money:
    return Money(_divided(price.minor, nominal_days(period)), price.currency)


def is_monthly(terms: PlanTerms) -> bool:
    return terms.period in MONTHLY


def is_yearly(terms: PlanTerms) -> bool:
    return terms.period in YEARLY


def gives_as_much(year: PlanTerms, month: PlanTerms) -> bool:
    """Whether the year gives what twelve of the month give, in the same places and as fast."""
    return (
        (year.kind, year.region, set(year.countries)) == (month.kind, month.region, set(month.countries))
        and _covers(year.data_bytes, month.data_bytes)
        and (year.data_bytes is not None or _slows_down_alike(year, month))
        and year.voice_minutes >= MONTHS_A_YEAR * month.voice_minutes
        and year.sms_count >= MONTHS_A_YEAR * month.sms_count
    )


def year_saving(year: PlanTerms, price: Money, *, months: Iterable[tuple[PlanTerms, Money]]) -> Saving | None:
    """Compare a year with twelve of the month that comes closest to it; None where it saves nothing.

    Months that the year does not fully replace, or that are sold in another currency, do not count.
    """
    alike = [
        (terms, money)
        for terms, money in months
        if money.currency == price.currency and is_monthly(terms) and gives_as_much(year, terms)
    ]
    if not alike or not is_yearly(year):
        return None
    # The most data first; of two equal ones the cheaper, so that we never claim too much.
    _, month = min(alike, key=lambda candidate: (-(candidate[0].data_bytes or 0), candidate[1].minor))
    twelve = month * MONTHS_A_YEAR
    saved = twelve - price
    if saved.minor <= 0:
        return None
    return Saving(money=saved, percent=saved.minor * 100 // twelve.minor)


def longer_saving(terms: PlanTerms, price: Money, *, others: Iterable[tuple[PlanTerms, Money]]) -> LongerSaving | None:
    """Compare a plan with the next shorter one for the same places; None where nothing costs less.

    Unlimited plans are compared with those that slow down no later.
    """
    days = nominal_days(terms.period)
    shorter = [
        (other, money)
        for other, money in others
        if nominal_days(other.period) < days and money.minor and money.currency == price.currency
        if _is_for_the_same(terms, other)
    ]
    if not shorter:
        return None
    longest = max(nominal_days(other.period) for other, _money in shorter)
    # Of those that last as long the cheapest one, so that we never claim too much.
    alike = [(other, money) for other, money in shorter if nominal_days(other.period) == longest]
    than, money = min(alike, key=lambda one: (Fraction(one[1].minor, one[0].data_bytes or 1), one[1].minor))
    by_day = _percent_less(Fraction(price.minor, days), Fraction(money.minor, longest))
    by_gb = 0
    if terms.data_bytes and than.data_bytes:
        by_gb = _percent_less(Fraction(price.minor, terms.data_bytes), Fraction(money.minor, than.data_bytes))
    return LongerSaving(than=than, gb_percent=by_gb, day_percent=by_day) if by_gb or by_day else None


def _is_for_the_same(terms: PlanTerms, other: PlanTerms) -> bool:
    return (
        not terms.is_data_pack
        and (terms.kind, terms.region, terms.countries) == (other.kind, other.region, other.countries)
        and (terms.data_bytes is None) == (other.data_bytes is None)
        and (terms.data_bytes is not None or _slows_down_alike(terms, other))
    )


def _percent_less(one: Fraction, other: Fraction) -> int:
    return max(0, int((other - one) * 100 / other))


def _covers(year_bytes: int | None, month_bytes: int | None) -> bool:
    if year_bytes is None or month_bytes is None:
        return year_bytes is None and month_bytes is None
    return year_bytes >= MONTHS_A_YEAR * month_bytes


def _slows_down_alike(year: PlanTerms, month: PlanTerms) -> bool:
    return (year.daily_cap_bytes or 0) >= (month.daily_cap_bytes or 0) and (year.throttled_kbps or 0) >= (
        month.throttled_kbps or 0
    )


def _divided(minor: int, by: int) -> int:
    """Divide rounding half up: what a reader with a calculator expects."""
    return (2 * minor + by) // (2 * by)
