"""Agreeing to what is charged without a click: the terms as they are read, and as they are sent back."""

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field

from portal.api.refusals import refused
from portal.api.shapes import Amount, AmountWished, Shape, Wish
from portal.lib.money import Money

DECIMAL = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"


class TermsToRead(Shape):
    """The exact words and price; send `price`, `termsVersion` and `text` back to agree."""

    text: str
    terms_version: str
    price: Amount


class TermsAgreed(Wish):
    """The agreement, as it was read: another price or other words are refused."""

    agreed: Literal[True]
    price: AmountWished
    terms_version: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=2000)]


def hold_against(consent: TermsAgreed, *, price: Money, version: str, text: str) -> None:
    """Refuse a consent to anything but the terms that hold now."""
    if consent.price.is_same(price) and consent.terms_version == version and consent.text == text:
        return
    raise refused(
        HTTPStatus.CONFLICT,
        "terms-changed",
        "These are not the terms that hold now. Nothing was turned on. Read them again.",
        price=Amount.of(price).model_dump(by_alias=True),
        termsVersion=version,
        text=text,
    )
