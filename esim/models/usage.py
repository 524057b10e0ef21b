"""What the network reported, and its roll-up for charts."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line


class UsageRecord(models.Model):
    """One report of the network; unique (source, record_id), so a repeated report counts once.

    Until `rated_at` it is counted nowhere.
    """

    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, db_index=False, related_name="usage_records", verbose_name=_("line")
    )
    source = models.CharField(_("source"), max_length=20)
    record_id = models.CharField(_("record id"), max_length=80)
    at = models.DateTimeField(_("at"))
    data_bytes = models.BigIntegerField(_("data (bytes)"), default=0)
    voice_seconds = models.PositiveIntegerField(_("call seconds"), default=0)
    sms_count = models.PositiveIntegerField(_("SMS"), default=0)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    rated_at = models.DateTimeField(_("counted"), null=True, blank=True)

    class Meta:
        verbose_name = _("usage record")
        verbose_name_plural = _("usage records")
        constraints = [
            models.UniqueConstraint(fields=["source", "record_id"], name="usage_record_once"),
            models.CheckConstraint(condition=models.Q(data_bytes__gte=0), name="usage_record_not_negative"),
        ]
        indexes = [
            models.Index(fields=["line", "at"], name="usage_record_by_line"),
            models.Index(fields=["id"], condition=models.Q(rated_at__isnull=True), name="usage_record_to_rate"),
            # Found by how an id begins; in the order of a language PostgreSQL can't look beginnings up.
            models.Index(
                fields=["record_id"],
                condition=models.Q(source="esimgo"),
                opclasses=["varchar_pattern_ops"],
                name="usage_record_by_bundle",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.record_id}"


class DailyUsage(models.Model):
    """Usage of a line on one of its own days (in the line's time zone)."""

    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, db_index=False, related_name="daily_usage", verbose_name=_("line")
    )
    date = models.DateField(_("date"))
    data_bytes = models.BigIntegerField(_("data (bytes)"), default=0)
    voice_seconds = models.PositiveIntegerField(_("call seconds"), default=0)
    sms_count = models.PositiveIntegerField(_("SMS"), default=0)

    class Meta:
        verbose_name = _("daily usage")
        verbose_name_plural = _("daily usage")
        constraints = [models.UniqueConstraint(fields=["line", "date"], name="daily_usage_once_a_day")]

    def __str__(self) -> str:
        return f"{self.line_id} {self.date}"
