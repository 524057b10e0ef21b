"""What a plan costs, in which currency, from when."""

from datetime import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from plans.models.plans import Plan
from portal.lib.money import Money


class PlanPriceQuerySet(models.QuerySet["PlanPrice"]):
    def valid_at(self, now: datetime) -> "PlanPriceQuerySet":
        """The price of each plan and currency that counts at `now`: the latest that has begun."""
        later = PlanPrice.objects.filter(
            plan=models.OuterRef("plan"),
            currency=models.OuterRef("currency"),
            valid_from__gt=models.OuterRef("valid_from"),
            valid_from__lte=now,
        )
        return self.filter(~models.Exists(later), valid_from__lte=now)


class PlanPrice(models.Model):
    """The price of a plan in one currency from a moment on; an order copies it, so history never moves."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices", verbose_name=_("plan"))
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(
        _("amount"), validators=[MinValueValidator(0)], help_text=_("In the smallest unit: 1490 is US$14.90.")
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)

    history = HistoricalRecords()
    objects = PlanPriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["plan", "currency", "valid_from"], name="price_once_a_moment"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.money}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
