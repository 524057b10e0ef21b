"""Amounts as Stripe takes them: minor units like ours, within limits a currency.

Source: docs.stripe.com/currencies, "Special cases" and "Minimum and maximum charge amounts", and "three-decimal" of
its earlier editions.
"""

from billing.gateways.base import GatewayRefused
from portal.lib.money import Money, step

# The minimum is that of the account's own currency after conversion. Of CNY and TWD, which Stripe names none for, it is
# about that of US$0.50; an account in another currency may take more (PORTAL_SMALLEST_CARD_PAYMENTS).
SMALLEST = {
    "AED": 200,
    "ARS": 50,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CNY": 400,
    "COP": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "IDR": 50,
    "ILS": 50,
    "INR": 50,
    "JPY": 50,
    "KRW": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PHP": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "TWD": 2000,
    "USD": 50,
    "ZAR": 50,
}
LARGEST = {"COP": 9_999_999_999, "IDR": 999_999_999_999, "INR": 999_999_999}
LARGEST_OTHERWISE = 99_999_999


def smallest_in(currency: str) -> Money:
    """Return the least that Stripe charges in a currency."""
    return Money(SMALLEST.get(currency, step(currency)), currency)


def check_chargeable(money: Money) -> None:
    """Raise GatewayRefused for an amount that Stripe would refuse."""
    smallest = smallest_in(money.currency)
    largest = LARGEST.get(money.currency, LARGEST_OTHERWISE)
    size = step(money.currency)
    if money < smallest:
        raise GatewayRefused(f"{money} is less than Stripe takes, which is {smallest}.")
    if money.minor > largest:
        raise GatewayRefused(f"{money} is more than Stripe takes, which is {Money(largest, money.currency)}.")
    if money.minor % size:
        raise GatewayRefused(f"{money}: Stripe takes steps of {Money(size, money.currency)}.")


def code_of(money: Money) -> str:
    """Return the currency as Stripe writes it."""
    return money.currency.lower()


def money_of(amount: int, currency: str) -> Money:
    """Return an amount of Stripe's; raise ValueError for a currency nobody knows."""
    return Money(amount, currency.upper())
