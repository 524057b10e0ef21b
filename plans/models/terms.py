"""The terms of a plan: what it gives, where and for how long. A plan has them as staff edit them, what was sold for good."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from portal.lib.periods import Period, PeriodUnit


class Region(models.TextChoices):
    EUROPE = "europe", _("Europe")
    EAST_ASIA = "east-asia", _("East Asia")
    SOUTH_EAST_ASIA = "south-east-asia", _("South-East Asia")
    NORTH_AMERICA = "north-america", _("North America")
    LATIN_AMERICA = "latin-america", _("Latin America")
    MIDDLE_EAST_AFRICA = "middle-east-africa", _("Middle East and Africa")
    OCEANIA = "oceania", _("Oceania")
    GLOBAL = "global", _("Worldwide")


class Terms(models.Model):
    """The columns that a plan and what was sold of it have in common."""

    class Kind(models.TextChoices):
        PLAN = "plan", _("plan")
        DATA_PACK = "data_pack", _("data pack")

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

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        return self._in_language("name")

    def _in_language(self, field: str) -> str:
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(getattr(self, field + suffix) or getattr(self, field))

    @property
    def period(self) -> Period:
        return Period(unit=PeriodUnit(self.period_unit), count=self.period_count)


class SoldTerms(Terms):
    """Terms as they were sold, made once and named by whatever was granted on them (see `plans.sold`).

    Append-only, enforced by database triggers: staff edit the plan, and what was sold before stays what it was.
    `digest` is that of all the terms, so that the same ones are one row, however often they are sold.
    """

    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=60, db_index=False)
    # Longer than any plan's: an offer may have added to it.
    period_count = models.PositiveIntegerField(_("periods"))

    class Meta:
        verbose_name = _("terms as sold")
        verbose_name_plural = _("terms as sold")
