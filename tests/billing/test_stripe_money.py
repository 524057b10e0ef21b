"""Which amounts are sent to Stripe, and how they are written."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.gateways.base import GatewayRefused
from billing.gateways.stripe_methods import CURRENCIES_BY_METHOD, offered_in
from billing.gateways.stripe_money import SMALLEST, check_chargeable, code_of, money_of
from portal.lib.money import CURRENCIES, THREE_DECIMAL, ZERO_DECIMAL, Money
from tests.fakes.stripe import money as stripes
from tests.fakes.stripe.problems import Problem

amounts = st.integers(min_value=-10, max_value=10**13) | st.integers(min_value=1, max_value=50_000)
currencies = st.sampled_from(sorted(CURRENCIES))
stripes_currencies = st.sampled_from(sorted(stripes.CURRENCIES))


def is_chargeable(money):
    try:
        check_chargeable(money)
    except GatewayRefused:
        return False
    return True


def stripe_takes(money):
    try:
        stripes.check_amount(money.minor, code_of(money))
    except Problem:
        return False
    return True


@given(amounts, currencies)
def test_an_amount_comes_back_as_it_was_sent(amount, currency):
    money = Money(amount, currency)

    assert money_of(money.minor, code_of(money)) == money


@given(amounts, stripes_currencies)
def test_stripe_takes_what_we_send(amount, code):
    # The least amount of a currency that no account is paid out in depends on the account; the fake knows one most.
    assume(stripes.MINIMUM.get(code, 1) <= amount <= stripes.MAXIMUM)
    money = Money(amount, code.upper())
    assume(is_chargeable(money))

    assert stripe_takes(money)


@given(amounts, stripes_currencies)
def test_we_refuse_nothing_that_stripe_would_take(amount, code):
    money = Money(amount, code.upper())
    assume(stripe_takes(money))
    assume(amount >= SMALLEST.get(money.currency, 1))

    assert is_chargeable(money)


def test_our_decimals_are_stripes():
    assert {code.upper() for code in stripes.ZERO_DECIMAL} == ZERO_DECIMAL
    assert {code.upper() for code in stripes.THREE_DECIMAL} == THREE_DECIMAL


@pytest.mark.parametrize(
    ("amount", "currency", "chargeable"),
    [
        (50, "USD", True),
        (49, "USD", False),
        (0, "USD", False),
        (50, "JPY", True),
        (49, "JPY", False),
        (1490, "KWD", True),
        (1495, "KWD", False),
        (500_000, "UGX", True),
        (500_050, "UGX", False),
        (150_000, "ISK", True),
        (150_001, "ISK", False),
        (17_501, "HUF", True),
        (45_050, "TWD", True),
        (99_999_999, "USD", True),
        (100_000_000, "USD", False),
        (100_000_000, "IDR", True),
    ],
)
def test_limits_and_steps(amount, currency, chargeable):
    assert is_chargeable(Money(amount, currency)) is chargeable


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (20, "EUR", "EUR 0.20 is less than Stripe takes, which is EUR 0.50."),
        (10**9, "EUR", "EUR 10000000.00 is more than Stripe takes, which is EUR 999999.99."),
        (1495, "KWD", "KWD 1.495: Stripe takes steps of KWD 0.010."),
    ],
)
def test_staff_read_why_an_amount_was_refused(amount, currency, said):
    with pytest.raises(GatewayRefused) as refused:
        check_chargeable(Money(amount, currency))

    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("currency", "methods"),
    [
        ("USD", ["card", "alipay", "wechat_pay", "paypal"]),
        ("CNY", ["card", "alipay", "wechat_pay"]),
        ("JPY", ["card", "alipay", "wechat_pay"]),
        ("PLN", ["card", "paypal"]),
        ("TWD", ["card"]),
    ],
)
def test_each_currency_has_its_means(currency, methods):
    assert offered_in(currency, chosen={}) == methods


def test_the_operator_decides_for_a_currency_and_the_table_for_the_rest():
    chosen = {"USD": ("paypal", "card")}

    assert offered_in("USD", chosen=chosen) == ["paypal", "card"]
    assert offered_in("CNY", chosen=chosen) == ["card", "alipay", "wechat_pay"]


def test_the_table_names_currencies_that_exist():
    assert all(currencies <= CURRENCIES for currencies in CURRENCIES_BY_METHOD.values())
    assert set(SMALLEST) <= CURRENCIES
