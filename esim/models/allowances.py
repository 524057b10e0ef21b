"""What a plan granted on a line."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from plans.models import Plan
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class AllowanceQuerySet(models.QuerySet["Allowance"]):
    def owned_by(self, user: "User") -> "AllowanceQuerySet":
        return self.filter(line__owner=user)

    def standing(self) -> "AllowanceQuerySet":
        """Leave out what was taken back, or is being taken back."""
        return self.filter(taken_back_at__isnull=True)

    def running(self, now: datetime) -> "AllowanceQuerySet":
        return self.standing().filter(starts_at__lte=now, ends_at__gt=now)

    def not_ended(self, now: datetime) -> "AllowanceQuerySet":
        return self.standing().filter(ends_at__gt=now)

    def in_burn_order(self) -> "AllowanceQuerySet":
        """Earliest expiry first: what lapses soonest is used first."""
        return self.order_by("ends_at", "id")


class Allowance(models.Model):
    """Data, minutes and SMS granted on a line from `starts_at` until, not including, `ends_at`.

    The terms are copied from the plan: editing the plan never changes what was sold.
    `granted_for` is the public id of the purchase, as text and unique: granting twice is one row.
    From `taken_back_at` on it counts for nothing; it is empty again where the network would not take it back.
    """

    public_id = PublicIdField(prefix="alw")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="allowances", verbose_name=_("line"))
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="allowances", verbose_name=_("plan"))
    granted_for = models.CharField(_("granted for"), max_length=32, unique=True)
    is_data_pack = models.BooleanField(_("data pack"), default=False)
    data_bytes = models.BigIntegerField(_("data (bytes)"), null=True, blank=True, help_text=_("Empty: unlimited."))
    daily_cap_bytes = models.BigIntegerField(_("daily high-speed cap (bytes)"), null=True, blank=True)
    throttled_kbps = models.PositiveIntegerField(_("speed after the cap (kbit/s)"), null=True, blank=True)
    voice_minutes = models.PositiveIntegerField(_("call minutes"), default=0)
    sms_count = models.PositiveIntegerField(_("SMS"), default=0)
    used_bytes = models.BigIntegerField(_("data used (bytes)"), default=0)
    used_minutes = models.PositiveIntegerField(_("call minutes used"), default=0)
    used_sms = models.PositiveIntegerField(_("SMS used"), default=0)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    taken_back_at = models.DateTimeField(_("taken back"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = AllowanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=F("starts_at")), name="allowance_ends_after_start"),
            models.CheckConstraint(condition=models.Q(used_bytes__gte=0), name="allowance_used_not_negative"),
        ]
        indexes = [
            models.Index(fields=["line", "ends_at"], name="allowance_by_line"),
            # send_reminders walks what ends soon.
            models.Index(fields=["ends_at", "id"], name="allowance_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.starts_at:%Y-%m-%d}–{self.ends_at:%Y-%m-%d}"

    @property
    def is_unused(self) -> bool:
        return not (self.used_bytes or self.used_minutes or self.used_sms)

    @property
    def remaining_bytes(self) -> int | None:
        """Bytes left, never negative; None when unlimited."""
        return None if self.data_bytes is None else max(0, self.data_bytes - self.used_bytes)

    @property
    def used_percent(self) -> int:
        """Share of the data used, 0 to 100; 0 when unlimited."""
        if not self.data_bytes:
            return 0 if self.data_bytes is None else 100
        return min(100, self.used_bytes * 100 // self.data_bytes)
