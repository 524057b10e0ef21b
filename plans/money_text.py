"""Prices as staff type and read them: decimals of the currency, never minor units."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from portal.lib.money import Money, exponent, step


def parse_price(text: str, currency: str) -> Money:
    """Read "14.90"; raise ValidationError saying what the currency allows."""
    try:
        price = Money.parse(text, currency)
    except ValueError as error:
        raise ValidationError(_advice(text, currency), code="price") from error
    if price.is_negative:
        raise ValidationError(gettext("A price is not negative."), code="price")
    if price != price.in_whole_steps():
        advice = gettext("Cards are charged in steps of %(step)s %(currency)s.")
        values = {"step": plain_price(step(currency), currency), "currency": currency}
        raise ValidationError(advice % values, code="price")
    return price


def plain_price(minor: int, currency: str) -> str:
    """Write minor units so that `parse_price` reads back exactly the same: "14.90", "2200"."""
    return f"{Money(minor, currency).decimal:f}"


def _advice(text: str, currency: str) -> str:
    places = exponent(currency)
    example = plain_price(1490 * 10 ** max(places - 2, 0), currency)
    if places == 0:
        advice = gettext("“%(text)s” is not a price in %(currency)s, which has no decimals. Write it like %(example)s.")
    else:
        advice = gettext(
            "“%(text)s” is not a price in %(currency)s, which has %(places)d decimals. Write it like %(example)s."
        )
    return advice % {"text": text[:40], "currency": currency, "places": places, "example": example}
