"""Amounts of data as subscribers read them: decimal units, as carriers sell them."""

from decimal import ROUND_DOWN, Decimal

from babel import Locale
from babel.numbers import format_decimal

KB = 1_000
MB = 1_000_000
GB = 1_000_000_000


def format_bytes(n: int, locale: str) -> str:
    """Write bytes for a reader of `locale`: "3.8 GB", "10 GB", or whole MB below one GB.

    Rounded down: what is left must not look like more than it is.
    """
    if abs(n) >= GB:
        return f"{_rounded_down(n, GB, '0.1', locale)} GB"
    return f"{_rounded_down(n, MB, '1', locale)} MB"


def format_small_bytes(n: int, locale: str) -> str:
    """Write bytes as `format_bytes`, below one MB in whole kB."""
    if abs(n) >= MB:
        return format_bytes(n, locale)
    return f"{_rounded_down(n, KB, '1', locale)} kB"


def format_speed(kbps: int, locale: str) -> str:
    """Write a speed: "1 Mbit/s" where it is whole, in steps of 1024 or of 1000 as networks count, or "384 kbit/s"."""
    step = next((step for step in (1024, 1000) if kbps and kbps % step == 0), 0)
    number, unit = (kbps // step, "Mbit/s") if step else (kbps, "kbit/s")
    return f"{format_decimal(number, format='#,##0', locale=Locale.parse(locale, sep='-'))} {unit}"


def _rounded_down(n: int, unit: int, step: str, locale: str) -> str:
    number = (Decimal(n) / unit).quantize(Decimal(step), rounding=ROUND_DOWN)
    pattern = "#,##0.#" if step == "0.1" else "#,##0"
    # Adding zero drops the sign of a negative zero.
    return format_decimal(number + 0, format=pattern, locale=Locale.parse(locale, sep="-"))
