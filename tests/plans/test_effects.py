"""The arithmetic of offers: never more off than the price, never a negative price, whole minor units throughout."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from plans import couponing, effects
from plans.deal_text import parse_amounts, parse_prices, parse_steps, plain_amounts, plain_prices, plain_steps
from plans.models import Coupon, Promotion
from plans.models.coupons import code_key
from plans.money_text import parse_price
from plans.promoting import PromotionRow, best_promotion
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.money import Money
from portal.lib.periods import Period, PeriodUnit

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MONTHLY = PlanTerms(
    code="europe-10gb",
    kind="plan",
    name="Europe 10 GB",
    name_zh_hans="",
    name_zh_hant="",
    region="europe",
    countries=["FR"],
    data_bytes=10 * GB,
    daily_cap_bytes=None,
    throttled_kbps=None,
    voice_minutes=60,
    sms_count=30,
    period_unit="month",
    period_count=1,
)
YEARLY = replace(MONTHLY, code="europe-year", data_bytes=120 * GB, period_unit="year", voice_minutes=720, sms_count=360)
UNLIMITED = replace(MONTHLY, data_bytes=None, daily_cap_bytes=GB, throttled_kbps=512)
PRICE = Money(1490, "USD")

prices = st.builds(Money, st.integers(0, 10**9), st.sampled_from(["USD", "JPY", "KWD"]))
terms = st.sampled_from([MONTHLY, YEARLY, UNLIMITED])


def promotion(**fields):
    fields = {"name": "Sale", "active_from": NOW - timedelta(days=1), "kind": "percent", "percent": 20, **fields}
    return PromotionRow.of(Promotion(**fields))


promotions = st.one_of(
    st.builds(promotion, percent=st.integers(1, 100)),
    st.builds(
        lambda minor: promotion(kind="price", prices={MONTHLY.code: {"USD": minor, "JPY": minor}}),
        st.integers(0, 10**9),
    ),
    st.builds(
        lambda buy, free: promotion(kind="buy_get", buy_count=buy, free_count=free, period_unit="month"),
        st.integers(1, 24),
        st.integers(1, 12),
    ),
    st.builds(
        lambda days, percent: promotion(kind="longer", steps=[[days, percent]]),
        st.integers(1, 400),
        st.integers(1, 100),
    ),
)
coupons = st.one_of(
    st.builds(lambda percent: Coupon(kind="percent", percent=percent), st.integers(1, 100)),
    st.builds(lambda minor: Coupon(kind="amount", amounts={"USD": minor, "JPY": minor}), st.integers(0, 10**10)),
    st.builds(lambda n: Coupon(kind="data", bonus_bytes=n), st.integers(1, 10**12)),
    st.builds(lambda n: Coupon(kind="period", free_periods=n), st.integers(1, 12)),
)


@settings(max_examples=150)
@given(price=prices, sold=terms, running=st.lists(promotions, max_size=4), coupon=coupons)
def test_offers_never_make_a_price_negative_nor_a_plan_smaller(price, sold, running, coupon):
    best = best_promotion(running, terms=sold, price=price, can_add=True, now=NOW)
    promoted = best.effect if best else effects.Effect(off=Money.zero(price.currency), terms=sold)
    left = price - promoted.off
    used = couponing.effect_of(coupon, of=sold, terms=promoted.terms, price=left)

    for effect, before in ((promoted, price), (used, left)):
        assert type(effect.off.minor) is int
        assert 0 <= effect.off.minor <= before.minor
    assert best is None or all(
        best.effect.off.minor >= effects.percent_off(price, row.percent, sold).off.minor
        for row in running
        if row.kind == "percent"
    )
    for before, after in ((sold, promoted.terms), (promoted.terms, used.terms)):
        assert (after.data_bytes is None) == (before.data_bytes is None)
        assert (after.data_bytes or 0) >= (before.data_bytes or 0)
        assert months(after.period) >= months(before.period)


def months(period):
    return period.count * (12 if period.unit == PeriodUnit.YEAR else 1)


def test_half_a_minor_unit_is_rounded_for_the_buyer():
    cases = [(10, 1490, 149), (33, 100, 33), (50, 1, 1), (50, 3, 2), (100, 1490, 1490), (1, 0, 0)]

    for percent, minor, off in cases:
        assert effects.percent_off(Money(minor, "USD"), percent, MONTHLY).off.minor == off


@pytest.mark.parametrize(
    ("currency", "percent", "minor", "off"),
    [("KWD", 10, 4990, 500), ("KWD", 15, 4990, 750), ("KWD", 100, 4990, 4990), ("ISK", 33, 150000, 49500)],
)
def test_a_share_leaves_what_a_card_can_be_charged(currency, percent, minor, off):
    price = Money(minor, currency)

    reduced = price - effects.percent_off(price, percent, MONTHLY).off

    assert reduced == Money(minor - off, currency) == reduced.in_whole_steps()


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("4.990", "KWD", 4990), ("4.995", "KWD", None), ("1500", "ISK", 150000), ("1500.50", "ISK", None)],
)
def test_staff_type_prices_that_cards_can_be_charged(text, currency, minor):
    if minor is not None:
        assert parse_price(text, currency) == Money(minor, currency)
        return
    with pytest.raises(ValidationError, match="Cards are charged in steps of"):
        parse_price(text, currency)


def test_free_time_brings_what_the_plan_gives_in_that_time():
    twelve_get_two = effects.buy_get(PRICE, YEARLY, buy=12, free=2, unit=PeriodUnit.MONTH)

    assert twelve_get_two.terms.period == Period(PeriodUnit.MONTH, 14)
    assert twelve_get_two.terms.data_bytes == 140 * GB
    assert (twelve_get_two.terms.voice_minutes, twelve_get_two.terms.sms_count) == (840, 420)
    assert effects.buy_get(PRICE, MONTHLY, buy=12, free=2, unit=PeriodUnit.MONTH).gives_something is False


def test_of_several_promotions_the_one_that_takes_most_off_counts():
    rows = [
        promotion(percent=10),
        promotion(kind="price", prices={"europe-10gb": {"USD": 990}}),
        promotion(percent=90, regions=["oceania"]),
        promotion(percent=80, active_until=NOW),
        promotion(kind="buy_get", buy_count=1, free_count=1, period_unit="month"),
    ]

    best = best_promotion(rows, terms=MONTHLY, price=PRICE, can_add=True, now=NOW)

    assert best is not None
    assert best.effect.off == Money(500, "USD")
    gift = best_promotion(rows[4:], terms=MONTHLY, price=PRICE, can_add=True, now=NOW)
    assert gift is not None
    assert gift.effect.extra == Period(PeriodUnit.MONTH, 1)
    assert best_promotion(rows[4:], terms=MONTHLY, price=PRICE, can_add=False, now=NOW) is None


def test_longer_is_cheaper_by_the_longest_step_reached():
    steps = [[30, 5], [365, 15]]

    assert [effects.step_percent(steps, days) for days in (29, 30, 364, 365)] == [0, 5, 5, 15]


def test_codes_are_found_however_they_are_typed():
    assert code_key(" autumn-1o ") == code_key("AUTUMN10") == code_key("ＡＵＴＵＭＮ１０")
    assert code_key("\0 -–!") == ""


def test_tables_are_read_back_as_they_are_written():
    amounts = {"CNY": 3500, "JPY": 500, "USD": 500}
    special = {"europe-10gb": {"USD": 1190, "CNY": 7900}}
    steps = [[90, 5], [365, 15]]

    assert parse_amounts(plain_amounts(amounts)) == amounts
    assert parse_prices(plain_prices(special)) == special
    assert parse_steps(plain_steps(steps)) == steps
