"""Amounts of money: whole minor units of one currency, exact in every operation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from babel import Locale
from babel.numbers import format_decimal, list_currencies

# The card networks' convention, not ISO's: HUF, ISK, TWD and UGX are charged with two decimals although
# their smallest unit is out of use. Source: docs.stripe.com/currencies, "Zero-decimal currencies" and "Special cases".
ZERO_DECIMAL = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# Nothing is charged in the smallest of these units: the third decimal, or both, are always 0. Source: as above.
STEPS = {**dict.fromkeys(THREE_DECIMAL, 10), "ISK": 100, "UGX": 100}

# Withdrawn currencies stay known: an old receipt must open after its currency has gone.
NOT_MONEY = frozenset({"XAG", "XAU", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"})
CURRENCIES = frozenset(list_currencies()) - NOT_MONEY

# Only signs that name one currency among all of these; every other currency shows its ISO code.
SYMBOLS = {
    "AUD": "A$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "INR": "₹",
    "JPY": "JP¥",
    "KRW": "₩",
    "NZD": "NZ$",
    "PHP": "₱",
    "SGD": "S$",
    "THB": "฿",
    "TWD": "NT$",
    "USD": "US$",
    "VND": "₫",
}
LOCAL_SYMBOLS = {"zh_Hans": {"CNY": "¥"}}

MOST_MINOR = 10**15
"""What is read from text; it fits the columns with room for sums."""

PLAIN_DECIMAL = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,3}))?")


class CurrencyMismatch(ValueError):
    """Two currencies met in one operation."""


def exponent(currency: str) -> int:
    """Return how many decimals separate the currency's main unit from the minor unit we count."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """Return of how many minor units all that a card pays is a multiple."""
    return STEPS.get(currency, 1)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    minor: int
    currency: str

    def __post_init__(self) -> None:
        _check_integer(self.minor)
        if self.currency not in CURRENCIES:
            raise ValueError(f"Unknown currency: {self.currency!r}")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read plain decimal text; raise ValueError for anything inexact in the currency, or beyond MOST_MINOR."""
        match = PLAIN_DECIMAL.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"Not a decimal amount: {text!r}")
        sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
        places = exponent(currency)
        if len(fraction) > places:
            raise ValueError(f"{currency} has {places} decimals: {text!r}")
        minor = int(f"{sign}{whole}{fraction:0<{places}}")
        if abs(minor) > MOST_MINOR:
            raise ValueError(f"Too large a decimal amount: {text!r}")
        return cls(minor, currency)

    @property
    def decimal(self) -> Decimal:
        sign = 1 if self.is_negative else 0
        digits = tuple(int(digit) for digit in str(abs(self.minor)))
        # Built from digits because Decimal arithmetic would round to the context's precision.
        return Decimal((sign, digits, -exponent(self.currency)))

    @property
    def is_negative(self) -> bool:
        return self.minor < 0

    def in_whole_steps(self) -> Self:
        """Return the least that is not below it and that a card can pay."""
        size = step(self.currency)
        return self._with(-(-self.minor // size) * size)

    def split(self, parts: int) -> list[Self]:
        """Divide into parts that differ by one minor unit at most and sum to the whole."""
        if parts < 1:
            raise ValueError("Split into one part at least.")
        return self.share([1] * parts)

    def share(self, weights: Sequence[int]) -> list[Self]:
        """Divide in proportion to weights: largest remainder first, the earlier part on a tie."""
        for weight in weights:
            _check_integer(weight)
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("Weights must not be negative, and one must be positive.")
        # Shares of a refund mirror those of the payment, hence the absolute amount.
        size = abs(self.minor)
        shares = [size * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % total))
        for position in by_remainder[: size - sum(shares)]:
            shares[position] += 1
        sign = -1 if self.is_negative else 1
        return [self._with(sign * share) for share in shares]

    def _with(self, minor: int) -> Self:
        return type(self)(minor, self.currency)

    def _minor_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor

    def __add__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return self._with(self.minor + self._minor_of(other))

    def __sub__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return self._with(self.minor - self._minor_of(other))

    def __neg__(self) -> Self:
        return self._with(-self.minor)

    def __mul__(self, factor: int) -> Self:
        _check_integer(factor)
        return self._with(self.minor * factor)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._minor_of(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._minor_of(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.currency} {self.decimal:f}"


def format_money(money: Money, locale: str) -> str:
    """Write an amount for a reader of `locale` (a Django language tag) with an unmistakable currency."""
    parsed = Locale.parse(locale, sep="-")
    local = LOCAL_SYMBOLS.get(f"{parsed.language}_{parsed.script}", {})
    symbol = local.get(money.currency) or SYMBOLS.get(money.currency) or f"{money.currency} "
    places = exponent(money.currency)
    pattern = f"#,##0.{'0' * places}" if places else "#,##0"
    number = format_decimal(money.decimal.copy_abs(), format=pattern, locale=parsed)
    return f"{'−' if money.is_negative else ''}{symbol}{number}"


def _check_integer(value: int) -> None:
    # True is an int to Python; as an amount it is always a mistake.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"A whole number is needed, not {value!r}")
