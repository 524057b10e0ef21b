"""Ids that leave the house: in URLs, mails, gateway metadata.

Unguessable, so that they tell nothing about how many orders we have, and prefixed, so that a
support agent sees from "ord_7f3k…" what it names.
"""

import re
import secrets
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    TextField = models.CharField[str, str]
else:
    TextField = models.CharField

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without i, l, o and u, which are misread or spell words."""

LENGTH = 16
PREFIX = re.compile(r"[a-z]{2,4}")
FORM = re.compile(r"[a-z]{2,4}_[0-9a-z]{16}")


def make_public_id(prefix: str) -> str:
    """Return a fresh id with 80 random bits behind `prefix`."""
    return f"{prefix}_{''.join(ALPHABET[byte % 32] for byte in secrets.token_bytes(LENGTH))}"


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
