"""How the rows of a model are about a person, field by field: what they are told, what never leaves, what stays.

Every model is either here or among those about nobody (`about_nobody`), and every field of a model that is here has a
class: a test fails on a field that has none, so that nobody adds one without a thought.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from accounts.models import User


class OnClosing(StrEnum):
    """What becomes of rows when the account is closed."""

    KEPT = auto()  # `because` says why; `blanked` fields are emptied
    REMOVED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one model. Names of fields stand in one string each, with blanks between.

    `of` are paths to the person; a row is theirs by any of them. `told` goes into their copy, properties that decrypt
    included; `inner` says nothing about anybody by itself; `secret` never leaves, not even to its owner.
    """

    model: str
    of: tuple[str, ...]
    told: str = ""
    inner: str = ""
    secret: str = ""
    on_closing: OnClosing = OnClosing.KEPT
    because: str = ""
    blanked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model_class(self) -> type[Model]:
        return apps.get_model(self.model)

    @property
    def file(self) -> str:
        """Its name in the copy."""
        return self.model.lower().replace(".", "-") + ".json"

    def belonging_to(self, user: User) -> "QuerySet[Model]":
        every: QuerySet[Model] = self.model_class._base_manager.all()  # noqa: SLF001 - hidden rows are theirs, too
        mine = (Q(**{path: user.pk if path == "pk" else user}) for path in self.of)
        rows = every.filter(reduce(or_, mine)) if self.of else every.none()
        return rows.order_by("pk")
