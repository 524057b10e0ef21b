"""What the subscriber calls "my card"."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.dates import zone_or_utc
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User
    from portal.lib.kept_sql import Slot


class ServiceState(models.TextChoices):
    PENDING = "pending", _("being set up")
    ACTIVE = "active", _("in service")
    SUSPENDED = "suspended", _("suspended")
    TERMINATED = "terminated", _("terminated")


class LineQuerySet(models.QuerySet["Line"]):
    def owned_by(self, user: "User | Slot") -> "LineQuerySet":
        """The lines this person may see: the one door for ownership."""
        return self.filter(owner=user)

    def in_use(self) -> "LineQuerySet":
        return self.exclude(service_state=ServiceState.TERMINATED)

    def usage_poll_due(self, now: datetime) -> "LineQuerySet":
        """Lines to ask the carrier about, the longest waiting first; walks the index line_usage_to_poll."""
        due = self.filter(service_state=ServiceState.ACTIVE, usage_poll_due_at__lte=now)
        return due.order_by("usage_poll_due_at", "id")


class Line(models.Model):
    """A number and its service; survives a change of SIM."""

    class Form(models.TextChoices):
        ESIM = "esim", _("eSIM")
        PHYSICAL = "physical", _("physical SIM")

    public_id = PublicIdField(prefix="lin")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lines", verbose_name=_("owner")
    )
    nickname = models.CharField(_("nickname"), max_length=40, blank=True)
    msisdn = models.CharField(
        _("number (MSISDN)"), max_length=16, blank=True, help_text=_("E.164; empty until assigned.")
    )
    form = models.CharField(_("form"), max_length=8, choices=Form.choices, default=Form.ESIM)
    service_state = models.CharField(
        _("service state"), max_length=10, choices=ServiceState.choices, default=ServiceState.PENDING
    )
    carrier = models.CharField(_("carrier"), max_length=20, default="simulated")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    hidden = models.BooleanField(_("hidden"), default=False)
    opened_for = models.CharField(
        _("opened for"),
        max_length=32,
        blank=True,
        editable=False,
        help_text=_("Public id of the purchase that opened the line."),
    )
    usage_reported_at = models.DateTimeField(_("usage as of"), null=True, blank=True)
    usage_poll_due_at = models.DateTimeField(_("next usage poll"), default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.UniqueConstraint(
                fields=["msisdn"],
                condition=~models.Q(msisdn="") & ~models.Q(service_state="terminated"),
                name="line_msisdn_unique",
            ),
            # A purchase fulfilled twice opens one line.
            models.UniqueConstraint(
                fields=["opened_for"], condition=~models.Q(opened_for=""), name="line_opened_once_a_purchase"
            ),
        ]
        indexes = [
            models.Index(
                fields=["usage_poll_due_at", "id"],
                condition=models.Q(service_state="active"),
                name="line_usage_to_poll",
            )
        ]

    def __str__(self) -> str:
        return self.nickname or self.msisdn or self.public_id

    @property
    def zone(self) -> ZoneInfo:
        """Where this line's days begin."""
        return zone_or_utc(self.time_zone)
