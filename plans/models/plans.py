"""What is sold."""

from datetime import datetime
from operator import attrgetter

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from portal.lib.periods import Period, PeriodUnit
from portal.lib.public_ids import PublicIdField


class Region(models.TextChoices):
    EUROPE = "europe", _("Europe")
    EAST_ASIA = "east-asia", _("East Asia")
    SOUTH_EAST_ASIA = "south-east-asia", _("South-East Asia")
    NORTH_AMERICA = "north-america", _("North America")
    LATIN_AMERICA = "latin-america", _("Latin America")
    MIDDLE_EAST_AFRICA = "middle-east-africa", _("Middle East and Africa")
    OCEANIA = "oceania", _("Oceania")
    GLOBAL = "global", _("Worldwide")


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


class Plan(models.Model):
    """A plan for a period, or a data pack that adds to the running period."""

    class Kind(models.TextChoices):
        PLAN = "plan", _("plan")
        DATA_PACK = "data_pack", _("data pack")

    public_id = PublicIdField(prefix="pln")
    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Stable name for imports and reports."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PLAN)
    name = models.CharField(_("name (English)"), max_length=80)
    name_zh_hans = models.CharField(_("name (Simplified Chinese)"), max_length=80, blank=True)
    name_zh_hant = models.CharField(_("name (Traditional Chinese)"), max_length=80, blank=True)
    region = models.CharField(_("region"), max_length=20, choices=Region.choices)
    countries = models.JSONField(_("countries"), default=list, help_text=_("ISO 3166 codes, such as FR."))
    data_bytes = models.BigIntegerField(
        _("data (bytes)"), null=True, blank=True, validators=[MinValueValidator(0)], help_text=_("Empty: unlimited.")
    )
    daily_cap_bytes = models.BigIntegerField(
        _("daily high-speed cap (bytes)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    throttled_kbps = models.PositiveIntegerField(_("speed after the cap (kbit/s)"), null=True, blank=True)
    voice_minutes = models.PositiveIntegerField(_("call minutes"), default=0)
    sms_count = models.PositiveIntegerField(_("SMS"), default=0)
    period_unit = models.CharField(_("period unit"), max_length=5, choices=PeriodUnit.choices, default=PeriodUnit.DAY)
    period_count = models.PositiveSmallIntegerField(_("periods"), default=30, validators=[MinValueValidator(1)])
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

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        return self._in_language("name")

    @property
    def fair_use_text(self) -> str:
        return self._in_language("fair_use")

    def _in_language(self, field: str) -> str:
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(getattr(self, field + suffix) or getattr(self, field))

    @property
    def period(self) -> Period:
        return Period(unit=PeriodUnit(self.period_unit), count=self.period_count)

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
