"""Where subscribers get a SIM card over a counter."""

from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from simple_history.models import HistoricalRecords

from portal.lib.dates import zone_or_utc
from portal.lib.public_ids import PublicIdField


class Service(models.TextChoices):
    """What is done at an outlet."""

    PICK_UP = "pick_up", _("SIM pick-up")
    IDENTITY = "identity", _("identity check")
    PAYMENT = "payment", _("payment")


class OutletQuerySet(models.QuerySet["Outlet"]):
    def open_to_public(self) -> "OutletQuerySet":
        """The outlets that are shown, by city."""
        return self.filter(is_active=True).order_by("country", "city", "name", "id")

    def for_pick_up(self) -> "OutletQuerySet":
        """Where a SIM card may be sent to be picked up."""
        return self.open_to_public().filter(gives_sims=True)


class Outlet(models.Model):
    """One outlet: where it is, when it is open in its own time zone, and what is done there.

    `weekly_hours` maps "mon" … "sun" to spans such as "10:00-19:00"; a day that is missing is closed. `exceptions` maps
    dates to spans in the same way and wins over the week: an empty list is closed.
    """

    public_id = PublicIdField(prefix="out")
    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Stable name for imports and reports."))
    name = models.CharField(_("name (English)"), max_length=80)
    name_zh_hans = models.CharField(_("name (Simplified Chinese)"), max_length=80, blank=True)
    name_zh_hant = models.CharField(_("name (Traditional Chinese)"), max_length=80, blank=True)
    city = models.CharField(_("city (English)"), max_length=60)
    city_zh_hans = models.CharField(_("city (Simplified Chinese)"), max_length=60, blank=True)
    city_zh_hant = models.CharField(_("city (Traditional Chinese)"), max_length=60, blank=True)
    address = models.TextField(_("address (English)"), max_length=300)
    address_zh_hans = models.TextField(_("address (Simplified Chinese)"), max_length=300, blank=True)
    address_zh_hant = models.TextField(_("address (Traditional Chinese)"), max_length=300, blank=True)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166 code, such as FR."))
    latitude = models.DecimalField(
        _("latitude"), max_digits=8, decimal_places=6, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    phone = models.CharField(_("phone"), max_length=24, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    weekly_hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    exceptions = models.JSONField(_("other hours on some days"), default=dict, blank=True)
    gives_sims = models.BooleanField(_("SIM pick-up"), default=True)
    checks_identity = models.BooleanField(_("identity check"), default=False)
    takes_payment = models.BooleanField(_("payment"), default=False)
    is_active = models.BooleanField(_("shown to subscribers"), default=True)

    history = HistoricalRecords()
    objects = OutletQuerySet.as_manager()

    class Meta:
        verbose_name = _("outlet")
        verbose_name_plural = _("outlets")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="outlet_is_on_earth"
            )
        ]

    def __str__(self) -> str:
        return self.label + pgettext("between an outlet and its city", ", ") + self.city_label

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        return self._in_language("name")

    @property
    def city_label(self) -> str:
        return self._in_language("city")

    @property
    def address_text(self) -> str:
        return self._in_language("address")

    def _in_language(self, field: str) -> str:
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(getattr(self, field + suffix) or getattr(self, field))

    @property
    def zone(self) -> ZoneInfo:
        return zone_or_utc(self.time_zone)

    @property
    def services(self) -> list[Service]:
        offered = {
            Service.PICK_UP: self.gives_sims,
            Service.IDENTITY: self.checks_identity,
            Service.PAYMENT: self.takes_payment,
        }
        return [service for service, is_offered in offered.items() if is_offered]
