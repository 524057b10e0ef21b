"""Numbers of SIM profiles, and of the chips that hold them."""

import base64
import re
import secrets

from django.utils.translation import gettext_lazy as _

ICCID = re.compile(r"[0-9]{19}[0-9F]?")
LONG_ICCID = 20
EID = re.compile(r"[0-9]{32}")
EID_CHECK = 97


class NotAnIccid(ValueError):
    """Not 19 or 20 digits."""


class NotAnEid(ValueError):
    """Not 32 digits."""

    sentence = _("An EID has 32 digits. Compare it with what the device shows.")


class MistypedEid(NotAnEid):
    """32 digits, of which the last two do not fit the others."""

    sentence = _("One of the digits of this EID is wrong. Compare them with what the device shows.")


def normalised_iccid(text: str) -> str:
    """Return the digits without blanks and padding: 19 digits with and without F name the same profile.

    Raises NotAnIccid. The check digit isn't asked for: real profiles with a wrong one exist.
    """
    compact = re.sub(r"[\s-]", "", text).upper()
    if not ICCID.fullmatch(compact):
        raise NotAnIccid("An ICCID has 19 or 20 digits.")
    return compact.rstrip("F")


def normalised_eid(text: str) -> str:
    """Return the 32 digits without blanks; raise NotAnEid, and MistypedEid by the check digits (SGP.29 §10)."""
    compact = re.sub(r"[\s-]", "", text)
    if not EID.fullmatch(compact):
        raise NotAnEid("An EID has 32 digits.")
    if int(compact) % EID_CHECK != 1:
        raise MistypedEid("The check digits of this EID are wrong.")
    return compact


def padded_iccid(iccid: str) -> str:
    """Return a stored ICCID as SM-DP+s want it: 19 digits come with an F behind them (SGP.22 §5.2.1)."""
    return iccid.ljust(LONG_ICCID, "F")


def with_eid_check_digits(digits: str) -> str:
    """Return 30 digits and the check digits of an EID behind them."""
    return f"{digits}{EID_CHECK + 1 - int(digits + '00') % EID_CHECK:02}"


def make_matching_id() -> str:
    """Return 100 random bits in the alphabet of SGP.22 §4.1.1, in four groups of five."""
    letters = base64.b32encode(secrets.token_bytes(13)).decode()
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))


def make_confirmation_code() -> str:
    """Return eight random digits; the SM-DP+ limits how often they may be tried (SGP.22 §3.1.3)."""
    return f"{secrets.randbelow(10**8):08}"


def with_luhn_digit(digits: str) -> str:
    """Return the digits and the check digit of ITU-T E.118 behind them."""
    return f"{digits}{-_luhn_sum(digits + '0') % 10}"


def has_luhn_digit(digits: str) -> bool:
    """Tell whether the last digit is that of ITU-T E.118; some real profiles have another one."""
    return _luhn_sum(digits) % 10 == 0


def masked(number: str) -> str:
    """Return a number fit for a log: enough to find it, too little to use it."""
    return f"…{number[-4:]}" if number else ""


def _luhn_sum(digits: str) -> int:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)  # noqa: PLR2004
