"""Ids that leave the house: in URLs, mails, gateway metadata.

Unguessable, so that they tell nothing about how many orders we have, and prefixed, so that a
support agent sees from "ord_7f3k…" what it names.
"""

import re
import secrets
import time
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    TextField = models.CharField[str, str]
else:
    TextField = models.CharField

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without i, l, o and u, which are misread or spell words."""

SPREAD = bytes(ord(ALPHABET[byte % 32]) for byte in range(256))
"""Which letter a random byte becomes; each of them comes from eight bytes."""
LENGTH = 16
MOMENT_LENGTH = 7
PREFIX = re.compile(r"[a-z]{2,4}")
FORM = re.compile(rf"[a-z]{{2,4}}_(?:[0-9a-z]{{{MOMENT_LENGTH}}})?[0-9a-z]{{{LENGTH}}}")

DATED = frozenset({"alw", "chg", "ntf", "ord", "sub"})
"""What is written by the million, or anew each period, begins with its second: an index then grows at its end and stays in
memory, and neighbours stay neighbours in it.

When one of these was made is no secret to whoever may see it; how many were made stays one."""


def make_public_id(prefix: str) -> str:
    """Return a fresh id with 80 random bits behind `prefix`."""
    return f"{_beginning(prefix)}{secrets.token_bytes(LENGTH).translate(SPREAD).decode()}"


def make_public_ids(prefix: str, count: int) -> list[str]:
    """Return so many fresh ids at once; a tenth of the time that one at a time take."""
    beginning = _beginning(prefix)
    text = secrets.token_bytes(LENGTH * count).translate(SPREAD).decode()
    return [f"{beginning}{text[start : start + LENGTH]}" for start in range(0, LENGTH * count, LENGTH)]


def _beginning(prefix: str) -> str:
    return f"{prefix}_{_moment(int(time.time()))}" if prefix in DATED else f"{prefix}_"


@lru_cache(maxsize=1)
def _moment(seconds: int) -> str:
    """Return seconds since 1970 as letters that sort as the seconds do."""
    return "".join(ALPHABET[seconds >> shift & 31] for shift in range(5 * (MOMENT_LENGTH - 1), -1, -5))


def is_public_id(text: str) -> bool:
    """Tell whether somebody's text could be an id; PostgreSQL refuses to look some other texts up at all."""
    return FORM.fullmatch(text) is not None


class PublicIdField(TextField):
    """A unique public id that a new row gives itself."""

    def __init__(self, *args: Any, prefix: str, **kwargs: Any) -> None:
        if not PREFIX.fullmatch(prefix):
            raise ValueError(f"A prefix is two to four small letters, not {prefix!r}")
        self.prefix = prefix
        kwargs.setdefault("unique", True)
        fixed = {"max_length": 32, "editable": False}
        super().__init__(*args, **{**kwargs, **fixed, "default": partial(make_public_id, prefix)})
        # Set afterwards, it stays out of the migrations.
        self.verbose_name = self.verbose_name or _("public id")

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "unique", "editable", "default"):
            kwargs.pop(fixed, None)
        # A history table holds the same id in many rows.
        repeatable = {} if self.unique else {"unique": False}
        return name, path, args, {**kwargs, **repeatable, "prefix": self.prefix}


class PublicIdConverter:
    regex = FORM.pattern

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
