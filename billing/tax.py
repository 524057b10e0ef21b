"""How much of a price is tax. Prices include it; everything is whole minor units."""

import re
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from billing.models import TaxRate
from billing.models.taxes import BASIS_POINTS

PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?\s*%?")


def included_tax(gross: int, basis_points: int) -> int:
    """Return the tax within a price, half a minor unit rounded up; what is left of the price is the net amount."""
    if gross < 0 or basis_points < 0:
        raise ValueError("Neither a price nor a rate is negative here.")
    whole = BASIS_POINTS + basis_points
    return (2 * gross * basis_points + whole) // (2 * whole)


def tax_of_part(part: int, *, before: int, basis_points: int) -> int:
    """Return the tax of the next part of a price, when `before` of it has had its tax told already.

    The taxes of parts, one after another, sum to the tax of the whole: refunds in instalments leave nothing over.
    """
    return included_tax(before + part, basis_points) - included_tax(before, basis_points)


def rate_in(country: str, *, day: date) -> TaxRate:
    """Return the rate of a country on a day; where staff have entered none, one of zero that is not stored."""
    kept = TaxRate.objects.in_force(country=country, day=day)
    return kept or TaxRate(country=country, name="", basis_points=0, starts_on=day)


def parse_percent(text: str) -> int:
    """Read "19", "7.7" or "8.25%" as basis points; raise ValidationError for anything else."""
    match = PERCENT.fullmatch(text.strip())
    points = int(match[1]) * 100 + int(f"{match[2] or '':0<2}") if match else BASIS_POINTS + 1
    if points > BASIS_POINTS:
        raise ValidationError(
            gettext("“%(text)s” is not a rate. Write a percentage like 19 or 7.7.") % {"text": text[:40]}
        )
    return points
