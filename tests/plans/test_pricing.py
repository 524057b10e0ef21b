"""Prices per GB and day, and what a year saves: exact, and never claimed too high."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans import pricing
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.money import Money
from portal.lib.periods import Period, PeriodUnit

MONTH = PlanTerms(
    code="europe-month",
    kind="plan",
    name="Europe",
    name_zh_hans="",
    name_zh_hant="",
    region="europe",
    countries=["FR", "DE"],
    data_bytes=10 * GB,
    daily_cap_bytes=None,
    throttled_kbps=None,
    voice_minutes=0,
    sms_count=0,
    period_unit="month",
    period_count=1,
)
YEAR = replace(MONTH, code="europe-year", data_bytes=120 * GB, period_unit="year")

amounts = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("minor", "currency", "data_bytes", "expected"),
    [
        (1490, "USD", 10 * GB, 149),
        (1000, "USD", 3 * GB, 333),
        (1001, "USD", 2 * GB, 501),
        (300, "JPY", GB // 2, 600),
    ],
)
def test_price_per_gb_rounds_half_up(minor, currency, data_bytes, expected):
    assert pricing.per_gb(Money(minor, currency), data_bytes) == Money(expected, currency)


@pytest.mark.parametrize("data_bytes", [None, 0])
def test_unlimited_or_no_data_has_no_price_per_gb(data_bytes):
    assert pricing.per_gb(Money(1490, "USD"), data_bytes) is None


@given(amounts, st.integers(min_value=1, max_value=10**15))
def test_price_per_gb_is_within_half_a_minor_unit(minor, data_bytes):
    per_gb = pricing.per_gb(Money(minor, "USD"), data_bytes)

    assert abs(per_gb.minor * data_bytes - minor * GB) * 2 <= data_bytes


@given(amounts, st.sampled_from(list(PeriodUnit)), st.integers(min_value=1, max_value=400))
def test_price_per_day_is_within_half_a_minor_unit(minor, unit, count):
    period = Period(unit, count)

    per_day = pricing.per_day(Money(minor, "USD"), period)

    days = pricing.nominal_days(period)
    assert abs(per_day.minor * days - minor) * 2 <= days


def test_year_saves_the_difference_to_twelve_months():
    saving = pricing.year_saving(YEAR, Money(15000, "USD"), months=[(MONTH, Money(1490, "USD"))])

    assert saving == pricing.Saving(money=Money(2880, "USD"), percent=16)


@given(year=amounts, month=amounts)
def test_saving_plus_year_is_twelve_months(year, month):
    saving = pricing.year_saving(YEAR, Money(year, "USD"), months=[(MONTH, Money(month, "USD"))])

    if saving is None:
        assert year >= 12 * month
    else:
        assert saving.money.minor + year == 12 * month
        assert 0 <= saving.percent <= 100
        assert saving.percent * 12 * month <= saving.money.minor * 100 < (saving.percent + 1) * 12 * month


@given(st.permutations([1490, 1200, 1990]))
def test_saving_is_told_against_the_cheapest_of_equal_months(month_prices):
    months = [(MONTH, Money(minor, "USD")) for minor in month_prices]

    saving = pricing.year_saving(YEAR, Money(10000, "USD"), months=months)

    assert saving.money == Money(12 * 1200 - 10000, "USD")


@pytest.mark.parametrize(
    "month",
    [
        replace(MONTH, region="global"),
        replace(MONTH, countries=["FR"]),
        replace(MONTH, kind="data_pack"),
        replace(MONTH, data_bytes=11 * GB),
        replace(MONTH, data_bytes=None, daily_cap_bytes=GB, throttled_kbps=384),
        replace(MONTH, voice_minutes=100),
        replace(MONTH, period_unit="day", period_count=7),
    ],
    ids=["region", "countries", "kind", "more data", "unlimited", "calls", "not a month"],
)
def test_month_the_year_does_not_replace_is_not_compared(month):
    assert pricing.year_saving(YEAR, Money(100, "USD"), months=[(month, Money(1490, "USD"))]) is None


def test_prices_of_two_currencies_are_not_compared():
    assert pricing.year_saving(YEAR, Money(100, "USD"), months=[(MONTH, Money(1490, "EUR"))]) is None


def test_month_is_not_compared_with_itself():
    assert pricing.year_saving(MONTH, Money(100, "USD"), months=[(MONTH, Money(1490, "USD"))]) is None


def test_unlimited_year_must_be_as_fast_as_the_month():
    month = replace(MONTH, data_bytes=None, daily_cap_bytes=2 * GB, throttled_kbps=1024)
    slower = replace(YEAR, data_bytes=None, daily_cap_bytes=GB, throttled_kbps=1024)
    as_fast = replace(slower, daily_cap_bytes=2 * GB)
    months = [(month, Money(1490, "USD"))]

    assert pricing.year_saving(slower, Money(100, "USD"), months=months) is None
    assert pricing.year_saving(as_fast, Money(100, "USD"), months=months) is not None


def longer(terms, minor, *others):
    return pricing.longer_saving(terms, Money(minor, "USD"), others=[(one, Money(m, "USD")) for one, m in others])


WEEK = replace(MONTH, code="europe-week", data_bytes=GB, period_unit="day", period_count=7)


def test_longer_says_how_much_less_a_gb_and_a_day_cost_than_the_next_shorter():
    quarter = replace(MONTH, data_bytes=60 * GB, period_count=3)

    found = longer(quarter, 4790, (WEEK, 450), (MONTH, 1990), (quarter, 4790), (YEAR, 1))

    # 79.8 cents a GB against 199, 53.2 a day against 66.3.
    assert found == pricing.LongerSaving(than=MONTH, gb_percent=59, day_percent=19)


def test_the_cheapest_of_those_that_last_as_long_is_the_one_compared_with():
    dear = replace(WEEK, code="europe-week-dear")

    assert longer(MONTH, 1490, (dear, 900), (WEEK, 450)).than == WEEK


@pytest.mark.parametrize(
    "other",
    [
        replace(WEEK, countries=["FR"]),
        replace(WEEK, kind="data_pack"),
        replace(WEEK, data_bytes=None, daily_cap_bytes=GB),
        replace(MONTH, code="as-long"),
    ],
)
def test_nothing_is_claimed_against_what_is_something_else(other):
    assert longer(MONTH, 100, (other, 5000)) is None


def test_what_costs_no_less_claims_nothing():
    assert longer(MONTH, 9000, (WEEK, 450)) is None
    assert longer(MONTH, 0, (WEEK, 0)) is None


def test_unlimited_is_compared_by_the_day_with_what_slows_down_no_later():
    week = replace(WEEK, data_bytes=None, daily_cap_bytes=2 * GB, throttled_kbps=512)
    month = replace(week, period_count=30)

    assert longer(month, 4200, (week, 1400)) == pricing.LongerSaving(than=week, gb_percent=0, day_percent=30)
    assert longer(replace(month, daily_cap_bytes=GB), 4200, (week, 1400)) is None
