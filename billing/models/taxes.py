"""What share of a price is tax, by country and day."""

from datetime import date

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

BASIS_POINTS = 10_000
"""A whole: 1900 basis points are 19 %."""


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    def in_force(self, *, country: str, day: date) -> "TaxRate | None":
        """Return the rate that counts on `day`: the latest that has begun."""
        return self.filter(country=country, starts_on__lte=day).order_by("-starts_on").first()


class TaxRate(models.Model):
    """The tax of a country from a day on; invoices copy it, so no change reaches what was issued."""

    country = models.CharField(
        _("country"),
        max_length=2,
        validators=[RegexValidator(r"^[A-Z]{2}\Z")],
        help_text=_("ISO 3166 code, such as DE."),
    )
    name = models.CharField(_("name"), max_length=20, help_text=_("As invoices name it, such as VAT or GST."))
    basis_points = models.PositiveIntegerField(
        _("rate in basis points"), validators=[MaxValueValidator(BASIS_POINTS)], help_text=_("1900 is 19 %.")
    )
    starts_on = models.DateField(_("counts from"))

    history = HistoricalRecords()
    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(fields=["country", "starts_on"], name="tax_rate_once_a_day"),
            models.CheckConstraint(
                condition=models.Q(basis_points__lte=BASIS_POINTS), name="tax_rate_at_most_the_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.name} {percent(self.basis_points)}"


def percent(basis_points: int) -> str:
    """Write a rate as it is read: "19%", "7.7%", "0%"."""
    whole, rest = divmod(basis_points, 100)
    decimals = f".{rest:02}".rstrip("0") if rest else ""
    return f"{whole}{decimals}%"
