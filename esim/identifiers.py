"""Numbers of SIM profiles."""

import re

ICCID = re.compile(r"[0-9]{19}[0-9F]?")


class NotAnIccid(ValueError):
    """Not 19 or 20 digits."""


def normalised_iccid(text: str) -> str:
    """Return the digits without blanks and padding: 19 digits with and without F name the same profile.

    Raises NotAnIccid. The check digit isn't asked for: real profiles with a wrong one exist.
    """
    compact = re.sub(r"[\s-]", "", text).upper()
    if not ICCID.fullmatch(compact):
        raise NotAnIccid("An ICCID has 19 or 20 digits.")
    return compact.rstrip("F")


def with_luhn_digit(digits: str) -> str:
    """Return the digits and the check digit of ITU-T E.118 behind them."""
    return f"{digits}{-_luhn_sum(digits + '0') % 10}"


def masked(number: str) -> str:
    """Return a number fit for a log: enough to find it, too little to use it."""
    return f"…{number[-4:]}" if number else ""


def _luhn_sum(digits: str) -> int:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)  # noqa: PLR2004
