"""What is sold."""

from datetime import datetime
from operator import attrgetter

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from plans.models.terms import Terms
from portal.lib.public_ids import PublicIdField


def deliverable() -> models.Q:
    """What PLANS_DELIVERABLE names: the plans that whoever runs the network delivers, of whom this app knows nothing."""
    found: models.Q = import_string(settings.PLANS_DELIVERABLE)()
    return found


class PlanQuerySet(models.QuerySet["Plan"]):
    def on_sale(self, now: datetime) -> "PlanQuerySet":
        """Plans that can be delivered and whose selling window contains `now`."""
        return self.on_sale_or_to_come(now).filter(active_from__lte=now)

    def on_sale_or_to_come(self, now: datetime) -> "PlanQuerySet":
        """Plans that can be delivered and whose selling window has not ended."""
        not_ended = models.Q(active_until__isnull=True) | models.Q(active_until__gt=now)
        return self.filter(not_ended, deliverable(), is_active=True)

    def in_order(self) -> "PlanQuerySet":
        """As staff arranged them."""
        return self.order_by("position", "id")

    def of_kind(self, kind: "Plan.Kind") -> "PlanQuerySet":
        return self.filter(kind=kind)


class Plan(Terms):
    """A plan for a period, or a data pack that adds to the running period."""

    public_id = PublicIdField(prefix="pln")
    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Stable name for imports and reports."))
    fair_use = models.TextField(_("fair-use terms (English)"), blank=True)
    fair_use_zh_hans = models.TextField(_("fair-use terms (Simplified Chinese)"), blank=True)
    fair_use_zh_hant = models.TextField(_("fair-use terms (Traditional Chinese)"), blank=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    active_from = models.DateTimeField(_("on sale from"), default=timezone.now)
    active_until = models.DateTimeField(_("on sale until"), null=True, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0, db_index=True)

    history = HistoricalRecords()
    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.CheckConstraint(condition=models.Q(period_count__gte=1), name="plan_period_count_positive"),
            models.CheckConstraint(
                condition=models.Q(data_bytes__isnull=True) | models.Q(data_bytes__gte=0),
                name="plan_data_not_negative",
            ),
            # Unlimited is a promise with numbers: what is fast, and how slow it gets.
            models.CheckConstraint(
                condition=models.Q(data_bytes__isnull=False)
                | models.Q(daily_cap_bytes__isnull=False, throttled_kbps__isnull=False),
                name="plan_unlimited_names_cap",
            ),
        ]

    @property
    def fair_use_text(self) -> str:
        return self._in_language("fair_use")

    def is_on_sale(self, now: datetime) -> bool:
        """Whether the selling window contains `now`."""
        return self.is_active and self.active_from <= now and (self.active_until is None or now < self.active_until)

    def is_sold(self, now: datetime) -> bool:
        """Whether it is on sale and can be delivered. No query where the network delivers whatever is on sale."""
        limits = deliverable()
        return self.is_on_sale(now) and (not limits or Plan.objects.filter(limits, pk=self.pk).exists())

    def prices_at(self, now: datetime) -> dict[str, int]:
        """Return the amount in each currency that counts at `now`; for one plan whose prices are at hand."""
        if self._state.adding:
            return {}
        begun = sorted(
            (price for price in self.prices.all() if price.valid_from <= now), key=attrgetter("valid_from", "pk")
        )
        return {price.currency: price.amount for price in begun}

    @property
    def is_unlimited(self) -> bool:
        return self.data_bytes is None
