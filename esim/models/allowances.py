"""What a plan granted on a line."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from plans.models import Plan, SoldTerms
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

    def to_remind(self, now: datetime) -> "AllowanceQuerySet":
        """What the reminders look at now; walks the index allowance_to_remind."""
        return self.filter(remind_due_at__lte=now).order_by("remind_due_at", "id")

    def in_burn_order(self) -> "AllowanceQuerySet":
        """Earliest expiry first: what lapses soonest is used first."""
        return self.order_by("ends_at", "id")

    def metered(self, now: datetime) -> QuerySet[Any, Any]:
        """Add up, by line, `granted_bytes` and `left_bytes` of all that runs, and what is left as `left_percent`.

        Left out are lines on which no plan with data runs, and those whose data is unlimited.
        """
        running = self.running(now).order_by().values("line")
        return running.annotate(
            granted_bytes=Sum("data_bytes"),
            left_bytes=Sum(Greatest(F("data_bytes") - F("used_bytes"), 0)),
            left_percent=Cast(F("left_bytes"), FloatField()) * 100 / F("granted_bytes"),
            plans=Count("pk", filter=Q(is_data_pack=False)),
            unlimited=Count("pk", filter=Q(data_bytes__isnull=True)),
        ).filter(granted_bytes__gt=0, plans__gt=0, unlimited=0)


class Allowance(models.Model):
    """Data, minutes and SMS granted on a line from `starts_at` until, not including, `ends_at`.

    Amounts are copied from what was sold, and `sold` names all of it: name and countries as they were. Whoever tells
    of an allowance reads these; `plan`, which staff go on editing, says only what could be bought again.
    `granted_for` is the public id of the purchase, as text and unique: granting twice is one row.
    From `taken_back_at` on it counts for nothing; it is empty again where the network would not take it back.
    `remind_due_at` is when the reminders look at it next; whoever changes what a reminder depends on sets it to now.
    """

    public_id = PublicIdField(prefix="alw", unique=False)  # nobody looks one up by it (ADR 8)
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, db_index=False, related_name="allowances", verbose_name=_("line")
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, db_index=False, related_name="allowances", verbose_name=_("plan")
    )
    sold = models.ForeignKey(
        SoldTerms, on_delete=models.PROTECT, db_index=False, related_name="+", verbose_name=_("what was sold")
    )
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
    remind_due_at = models.DateTimeField(
        _("reminders look from"), null=True, blank=True, editable=False, default=timezone.now, db_default=Now()
    )
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
            # send_reminders walks in this order; see AllowanceQuerySet.to_remind.
            models.Index(
                fields=["remind_due_at", "id"],
                condition=models.Q(remind_due_at__isnull=False),
                name="allowance_to_remind",
            ),
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
