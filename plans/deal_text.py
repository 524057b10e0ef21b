"""What offers hold as tables, as staff type and read it: "USD 5.00, CNY 35.00"."""

import re
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from plans.money_text import parse_price, plain_price
from portal.lib.money import CURRENCIES

BETWEEN = re.compile(r"[,;\n]+")
PERCENT_MOST = 100
DAYS_MOST = 3660


def parse_amounts(text: str) -> dict[str, int]:
    """Read "USD 5.00, CNY 35.00" as minor units by currency; raise ValidationError."""
    amounts: dict[str, int] = {}
    for words in _parts(text):
        currency = words[0].upper()
        if len(words) != 2 or currency not in CURRENCIES or currency in amounts:  # noqa: PLR2004
            raise ValidationError(gettext("Write each currency once, like this: USD 5.00, CNY 35.00."))
        amounts[currency] = parse_price(words[1], currency).minor
    return amounts


def plain_amounts(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{currency} {plain_price(minor, currency)}" for currency, minor in sorted(amounts.items()))


def parse_prices(text: str) -> dict[str, dict[str, int]]:
    """Read lines like "europe-10gb USD 11.90"; raise ValidationError."""
    prices: dict[str, dict[str, int]] = {}
    for words in _parts(text):
        if len(words) != 3 or words[1].upper() not in CURRENCIES:  # noqa: PLR2004
            raise ValidationError(gettext("Write a plan, a currency and a price on each line: europe-10gb USD 11.90."))
        code, currency = words[0], words[1].upper()
        if currency in prices.get(code, {}):
            raise ValidationError(gettext("“%(code)s” has two prices in one currency.") % {"code": code})
        prices.setdefault(code, {})[currency] = parse_price(words[2], currency).minor
    return prices


def plain_prices(prices: Mapping[str, Mapping[str, int]]) -> str:
    return "\n".join(
        f"{code} {currency} {plain_price(minor, currency)}"
        for code, of_plan in sorted(prices.items())
        for currency, minor in sorted(of_plan.items())
    )


def parse_steps(text: str) -> list[list[int]]:
    """Read "90 5, 365 15": from 90 days 5 percent, from 365 days 15; raise ValidationError."""
    steps: dict[int, int] = {}
    for words in _parts(text):
        numbers = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) <= 4]  # noqa: PLR2004
        if len(numbers) != len(words) or len(numbers) != 2:  # noqa: PLR2004
            raise ValidationError(gettext("Write days and percent in pairs, like this: 90 5, 365 15."))
        days, percent = numbers
        if not (1 <= percent <= PERCENT_MOST and 1 <= days <= DAYS_MOST) or days in steps:
            raise ValidationError(gettext("Days are told once each, and percent are between 1 and 100."))
        steps[days] = percent
    return [[days, percent] for days, percent in sorted(steps.items())]


def plain_steps(steps: Sequence[Sequence[int]]) -> str:
    return ", ".join(f"{days} {percent}" for days, percent in steps)


def _parts(text: str) -> list[list[str]]:
    return [words for part in BETWEEN.split(text) if (words := part.replace("%", " ").split())]
