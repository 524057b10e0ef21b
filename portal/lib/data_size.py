"""Amounts of data as subscribers read them: decimal units, as carriers sell them."""

from decimal import ROUND_DOWN, Decimal

from babel import Locale
from babel.numbers import format_decimal

MB = 1_000_000
GB = 1_000_000_000


def format_bytes(n: int, locale: str) -> str:
    """Write bytes for a reader of `locale`: "3.8 GB", "10 GB", or whole MB below one GB.

    Rounded down: what is left must not look like more than it is.
    """
    if abs(n) >= GB:
        return f"{_rounded_down(n, GB, '0.1', locale)} GB"
    return f"{_rounded_down(n, MB, '1', locale)} MB"


def _rounded_down(n: int, unit: int, step: str, locale: str) -> str:
    number = (Decimal(n) / unit).quantize(Decimal(step), rounding=ROUND_DOWN)
    pattern = "#,##0.#" if step == "0.1" else "#,##0"
    # Adding zero drops the sign of a negative zero.
    return format_decimal(number + 0, format=pattern, locale=Locale.parse(locale, sep="-"))
