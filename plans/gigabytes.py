"""Gigabytes as staff type and read them; the database counts bytes."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from portal.lib.data_size import GB

PLAIN_DECIMAL = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,9}))?")


def parse_gigabytes(text: str) -> int:
    """Return the bytes of "10" or "0.5"; raise ValidationError for anything else."""
    match = PLAIN_DECIMAL.fullmatch(text.strip())
    if match is None:
        raise ValidationError(
            gettext("Write gigabytes as a number such as 10 or 0.5, not “%(text)s”.") % {"text": text[:40]},
            code="gigabytes",
        )
    whole, fraction = match.group(1), match.group(2) or ""
    return int(whole) * GB + int(f"{fraction:0<9}")


def plain_gigabytes(data_bytes: int) -> str:
    """Write bytes so that `parse_gigabytes` reads back exactly the same: "10", "0.5"."""
    text = f"{Decimal(data_bytes).scaleb(-9):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
