"""What the API says in more than one place: amounts, periods, references, problems and pages of a list.

Names are those of TM Forum where it has one (docs/api.md says which); everything is written in camelCase.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from django.conf import settings
from django.urls import reverse
from ninja import Schema
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from portal.lib.money import Money

T = TypeVar("T")

PublicId = Annotated[str, Field(max_length=40)]
"""In what programs send: which of the sender's own rows is meant."""


class Shape(Schema):
    """One JSON object of the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Wish(Schema):
    """What a program sends: names we do not know are refused, so that a misspelt one is not taken for left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Amount(Shape):
    """An amount of money (TM Forum: Money); `value` is decimal text, because a float is not exact."""

    unit: Annotated[str, Field(description="ISO 4217 code of the currency.", examples=["USD"])]
    value: Annotated[str, Field(examples=["14.90"])]

    @classmethod
    def of(cls, money: Money) -> "Amount":
        return cls(unit=money.currency, value=f"{money.decimal:f}")


class AmountWished(Wish):
    """An amount as a program sends it."""

    unit: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]
    value: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$", examples=["14.90"])]

    def is_same(self, money: Money) -> bool:
        """Tell whether it is this very amount, however many zeros were written."""
        return self.unit == money.currency and Decimal(self.value) == money.decimal


class Quantity(Shape):
    """How much of what is not money; `units` is byte, minute or sms."""

    amount: int
    units: str


class TimePeriod(Shape):
    """From `startDateTime` until, not including, `endDateTime`."""

    start_date_time: datetime | None = None
    end_date_time: datetime | None = None


class Reference(Shape):
    """Another object of the API, with its address and, where it has one, its name."""

    id: str
    href: str
    name: str | None = None


class Problem(Schema):
    """Why a request was refused (RFC 9457)."""

    type: Annotated[str, Field(description="What kind of refusal, for programs; docs/api.md lists them.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="A sentence for people.")]
    model_config = ConfigDict(extra="allow")


class Page(Shape, Generic[T]):
    """A part of a list, the newest first."""

    items: list[T]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` for the part behind; null: there is no more.")
    ]


def href(name: str, *args: str) -> str:
    """Return the full address of an operation of the API."""
    return f"{settings.PORTAL_BASE_URL}{reverse(f'api:{name}', args=args)}"


def page_url(name: str, *args: str, query: str = "") -> str:
    """Return the full address of a page for people."""
    return f"{settings.PORTAL_BASE_URL}{reverse(name, args=args)}{f'?{query}' if query else ''}"


def problems(*statuses: int) -> dict[Any, Any]:
    """Return the refusals an operation documents besides those every operation has."""
    return dict.fromkeys((*statuses, 401, 403, 429, 500), Problem)


def page_of(items: Sequence[T], next_cursor: str | None) -> dict[str, Any]:
    return {"items": items, "next_cursor": next_cursor}
