"""What a price comes to: for a GB, for a day, over a year. Whole minor units throughout."""

from collections.abc import Iterable
from dataclasses import dataclass

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
