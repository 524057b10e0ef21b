from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.money import CURRENCIES, THREE_DECIMAL, ZERO_DECIMAL, CurrencyMismatch, Money, exponent, format_money

LANGUAGES = ["en", "zh-hans", "zh-hant"]
minors = st.integers(min_value=-(10**15), max_value=10**15)
currencies = st.sampled_from(["USD", "JPY", "KWD", "TWD", "CNY"])
moneys = st.builds(Money, minors, currencies)


@pytest.mark.parametrize("minor", [1.0, True, "1", None, Decimal(1)])
def test_only_whole_numbers_are_minor_units(minor):
    with pytest.raises(TypeError):
        Money(minor, "USD")


@pytest.mark.parametrize("currency", ["", "usd", "US", "XXX", "XAU", "ABC"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(ValueError, match="Unknown currency"):
        Money(1, currency)


@pytest.mark.parametrize(
    ("currency", "places"),
    [
        ("USD", 2),
        ("CNY", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("TND", 3),
        ("HUF", 2),
        ("ISK", 2),
        ("TWD", 2),
        ("UGX", 2),
    ],
)
def test_the_card_networks_decide_the_decimals(currency, places):
    assert exponent(currency) == places


def test_every_currency_with_odd_decimals_is_known():
    assert ZERO_DECIMAL | THREE_DECIMAL <= CURRENCIES


def test_arithmetic_stays_exact_and_typed():
    price = Money(1490, "USD")

    assert price + Money(10, "USD") == Money(1500, "USD")
    assert price - Money(1500, "USD") == Money(-10, "USD")
    assert -price == Money(-1490, "USD")
    assert price * 3 == 3 * price == Money(4470, "USD")
    assert sum([price, price], Money.zero("USD")) == Money(2980, "USD")


@pytest.mark.parametrize("factor", [1.5, True, Decimal(2)])
def test_money_is_multiplied_by_whole_numbers_only(factor):
    with pytest.raises(TypeError):
        Money(100, "USD") * factor


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
    ids=["+", "-", "<", "<=", ">", ">="],
)
def test_two_currencies_never_meet(operation):
    with pytest.raises(CurrencyMismatch):
        operation(Money(1, "USD"), Money(1, "TWD"))


def test_money_is_not_added_to_a_bare_number():
    with pytest.raises(TypeError):
        Money(1, "USD") + 1


def test_equal_minor_units_of_two_currencies_differ():
    assert Money(1, "USD") != Money(1, "TWD")
    assert len({Money(1, "USD"), Money(1, "USD"), Money(1, "TWD")}) == 2


def test_amounts_compare_within_a_currency():
    assert Money(1, "USD") < Money(2, "USD") <= Money(2, "USD")
    assert Money(2, "USD") > Money(1, "USD") >= Money(1, "USD")
    assert not Money.zero("USD")
    assert Money(-1, "USD")
    assert Money(-1, "USD").is_negative
    assert not Money.zero("USD").is_negative


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "USD", 1230),
        ("12.3", "USD", 1230),
        ("12", "USD", 1200),
        ("-0.05", "USD", -5),
        (" 7.00 ", "USD", 700),
        ("1200", "JPY", 1200),
        ("1.25", "KWD", 1250),
        ("1.255", "KWD", 1255),
        ("10000000000000.00", "USD", 10**15),
    ],
)
def test_decimal_text_is_read_exactly(text, currency, minor):
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.345", "USD"),
        ("12.0", "JPY"),
        ("1.2555", "KWD"),
        ("", "USD"),
        (".5", "USD"),
        ("5.", "USD"),
        ("1,000", "USD"),
        ("1e3", "USD"),
        ("NaN", "USD"),
        ("١٢", "USD"),
        ("9" * 30, "USD"),
        ("10000000000000.01", "USD"),
        ("-1000000000000001", "JPY"),
    ],
)
def test_text_that_is_no_exact_amount_is_refused(text, currency):
    with pytest.raises(ValueError, match=r"decimal"):
        Money.parse(text, currency)


@given(money=moneys)
def test_decimal_text_goes_there_and_back(money):
    assert Money.parse(f"{money.decimal:f}", money.currency) == money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1230, "USD", "USD 12.30"), (0, "USD", "USD 0.00"), (-5, "USD", "USD -0.05"), (7, "JPY", "JPY 7")],
)
def test_neutral_text_for_logs(minor, currency, text):
    assert str(Money(minor, currency)) == text


def test_decimal_keeps_what_the_context_would_round():
    assert str(Money(10**40 + 1, "USD").decimal) == "1" + "0" * 38 + ".01"


@given(money=moneys, parts=st.integers(min_value=1, max_value=400))
def test_split_sums_to_the_whole_in_even_parts(money, parts):
    split = money.split(parts)

    assert len(split) == parts
    assert sum(split, Money.zero(money.currency)) == money
    assert max(split) - min(split) <= Money(1, money.currency)


@given(money=moneys, weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any))
def test_shares_sum_to_the_whole_and_stay_within_a_unit_of_exact(money, weights):
    shares = money.share(weights)

    assert sum(shares, Money.zero(money.currency)) == money
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * sum(weights) - money.minor * weight) < sum(weights)
        assert weight or not share


@given(money=moneys, weights=st.lists(st.integers(0, 99), min_size=1, max_size=9).filter(any))
def test_a_refund_is_shared_like_its_payment(money, weights):
    assert (-money).share(weights) == [-share for share in money.share(weights)]


def test_the_largest_remainder_gets_the_odd_cent():
    assert [share.minor for share in Money(100, "USD").share([1, 1, 1])] == [34, 33, 33]
    assert [share.minor for share in Money(10, "USD").share([1, 2, 3])] == [2, 3, 5]
    assert [share.minor for share in Money(5, "USD").share([49, 51])] == [2, 3]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2]])
def test_weights_that_divide_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="Weights"):
        Money(1, "USD").share(weights)


@pytest.mark.parametrize("parts", [0, -1])
def test_a_split_into_nothing_is_refused(parts):
    with pytest.raises(ValueError, match="one part"):
        Money(1, "USD").split(parts)


@pytest.mark.parametrize(
    ("money", "en", "zh_hans", "zh_hant"),
    [
        (Money(1490, "USD"), "US$14.90", "US$14.90", "US$14.90"),
        (Money(9800, "CNY"), "CN¥98.00", "¥98.00", "CN¥98.00"),
        (Money(1200, "JPY"), "JP¥1,200", "JP¥1,200", "JP¥1,200"),
        (Money(123450, "TWD"), "NT$1,234.50", "NT$1,234.50", "NT$1,234.50"),
        (Money(5000, "HKD"), "HK$50.00", "HK$50.00", "HK$50.00"),
        (Money(500, "EUR"), "€5.00", "€5.00", "€5.00"),
        (Money(500, "GBP"), "£5.00", "£5.00", "£5.00"),
        (Money(1250, "KWD"), "KWD 1.250", "KWD 1.250", "KWD 1.250"),
        (Money(500, "MXN"), "MXN 5.00", "MXN 5.00", "MXN 5.00"),
        (Money(-500, "USD"), "−US$5.00", "−US$5.00", "−US$5.00"),
        (Money(-1, "USD"), "−US$0.01", "−US$0.01", "−US$0.01"),
        (Money(0, "USD"), "US$0.00", "US$0.00", "US$0.00"),
    ],
    ids=str,
)
def test_amounts_as_each_reader_sees_them(money, en, zh_hans, zh_hant):
    assert [format_money(money, language) for language in LANGUAGES] == [en, zh_hans, zh_hant]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_currencies_look_alike(language):
    texts = {format_money(Money(0, currency), language).rstrip("0.") for currency in CURRENCIES}

    assert len(texts) == len(CURRENCIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_currency_shows_the_decimals_it_is_charged_with(language):
    shown = {currency: format_money(Money(0, currency), language).partition(".")[2] for currency in CURRENCIES}

    assert {currency for currency in CURRENCIES if len(shown[currency]) != exponent(currency)} == set()
