"""Offers that need no code."""

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from plans.models.deals import Deal, not_over
from portal.lib.periods import PeriodUnit


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def running_or_to_come(self, now: datetime) -> "PromotionQuerySet":
        return self.filter(not_over(now))

    def in_order(self) -> "PromotionQuerySet":
        return self.order_by("position", "id")


class Promotion(Deal):
    """A price or gift that counts by itself, for whatever is bought by hand.

    `prices` maps the code of a plan to currencies and minor units, `steps` lists pairs of days and percent: the
    longest that a plan reaches counts.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent off")
        PRICE = "price", _("special prices")
        BUY_GET = "buy_get", _("buy some, get some free")
        LONGER = "longer", _("longer is cheaper")

    needs = {
        Kind.PERCENT: ("percent",),
        Kind.PRICE: ("prices",),
        Kind.BUY_GET: ("buy_count", "free_count", "period_unit"),
        Kind.LONGER: ("steps",),
    }

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PERCENT)
    percent = models.PositiveSmallIntegerField(
        _("percent"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    prices = models.JSONField(_("special prices"), default=dict, blank=True)
    buy_count = models.PositiveSmallIntegerField(_("buy"), null=True, blank=True, validators=[MinValueValidator(1)])
    free_count = models.PositiveSmallIntegerField(
        _("get free"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("At most as many as are bought."),
    )
    period_unit = models.CharField(
        _("counted in"), max_length=5, choices=PeriodUnit.choices, default=PeriodUnit.MONTH, blank=True
    )
    steps = models.JSONField(_("steps"), default=list, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0, db_index=True)

    history = HistoricalRecords()
    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gte=1, percent__lte=100)
                | Q(kind__in=["price", "longer"])
                | Q(
                    kind="buy_get",
                    buy_count__gte=1,
                    free_count__gte=1,
                    free_count__lte=F("buy_count"),
                    period_unit__in=PeriodUnit.values,
                ),
                name="promotion_says_what_it_gives",
            ),
        ]
