"""When a line was slowed down, and how much its owner means to use."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.allowances import Allowance
from esim.models.lines import Line


class ThrottleSpellQuerySet(models.QuerySet["ThrottleSpell"]):
    def open(self) -> "ThrottleSpellQuerySet":
        return self.filter(lifted_at__isnull=True)

    def to_look_at(self, now: datetime) -> "ThrottleSpellQuerySet":
        """Spells whose carrier is to be asked to slow down or to lift; walks the index throttle_to_look_at."""
        return self.open().filter(look_at__lte=now).order_by("look_at", "id")


class ThrottleSpell(models.Model):
    """One time at reduced speed: from the daily high-speed cap until the day of the plan ends.

    `began_at` is when the cap was reached by the records, `asked_at` when the carrier agreed, `lifted_at` when it
    agreed to full speed again.
    """

    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, db_index=False, related_name="throttles", verbose_name=_("line")
    )
    allowance = models.ForeignKey(
        Allowance, on_delete=models.PROTECT, db_index=False, related_name="throttles", verbose_name=_("allowance")
    )
    date = models.DateField(_("date"))
    kbps = models.PositiveIntegerField(_("speed (kbit/s)"))
    began_at = models.DateTimeField(_("began"))
    resets_at = models.DateTimeField(_("resets"))
    asked_at = models.DateTimeField(_("slowed down by the carrier"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted by the carrier"), null=True, blank=True)
    look_at = models.DateTimeField(_("look at again"), null=True, blank=True, default=timezone.now)

    objects = ThrottleSpellQuerySet.as_manager()

    class Meta:
        verbose_name = _("time at reduced speed")
        verbose_name_plural = _("times at reduced speed")
        constraints = [
            models.UniqueConstraint(fields=["allowance", "date"], name="throttle_once_a_day"),
            models.CheckConstraint(condition=Q(resets_at__gt=models.F("began_at")), name="throttle_resets_later"),
        ]
        indexes = [
            models.Index(fields=["line", "-began_at"], name="throttle_by_line"),
            models.Index(fields=["look_at", "id"], condition=Q(lifted_at__isnull=True), name="throttle_to_look_at"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.date}"


class UsageBudget(models.Model):
    """How much data the owner of a line means to use a day and a month; reaching it tells them, and stops nothing."""

    line = models.OneToOneField(Line, on_delete=models.CASCADE, related_name="budget", verbose_name=_("line"))
    daily_bytes = models.BigIntegerField(_("a day (bytes)"), null=True, blank=True)
    monthly_bytes = models.BigIntegerField(_("a month (bytes)"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("usage budget")
        verbose_name_plural = _("usage budgets")
        constraints = [
            models.CheckConstraint(
                condition=(Q(daily_bytes__isnull=True) | Q(daily_bytes__gt=0))
                & (Q(monthly_bytes__isnull=True) | Q(monthly_bytes__gt=0)),
                name="usage_budget_positive",
            )
        ]

    def __str__(self) -> str:
        return str(self.line)
