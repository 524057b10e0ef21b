"""Usage that came by file or API: what could not be counted, and how far a file was read."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class QuarantinedUsage(models.Model):
    """A record that makes no sense or names nobody's profile: kept as it came, with the reason, and counted nowhere."""

    class Reason(models.TextChoices):
        UNKNOWN_ICCID = "unknown_iccid", _("unknown ICCID")
        NEGATIVE = "negative", _("negative amount")
        TOO_LARGE = "too_large", _("amount too large")
        IN_FUTURE = "in_future", _("time in the future")
        TOO_OLD = "too_old", _("older than the line")
        MALFORMED = "malformed", _("cannot be read")
        CONFLICTING = "conflicting", _("another record with the same id")

    source = models.CharField(_("source"), max_length=20)
    record_id = models.CharField(_("record id"), max_length=80, blank=True)
    reason = models.CharField(_("reason"), max_length=15, choices=Reason.choices)
    fingerprint = models.CharField(max_length=64, editable=False)
    raw = models.JSONField(_("as it came"), default=dict)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    times = models.PositiveIntegerField(_("times received"), default=1)

    class Meta:
        verbose_name = _("usage record put aside")
        verbose_name_plural = _("usage records put aside")
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="quarantined_usage_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.record_id}"


class UsageImport(models.Model):
    """How far one file was read, so that reading goes on where it was cut off."""

    source = models.CharField(_("source"), max_length=20)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    name = models.CharField(_("file name"), max_length=200)
    records_read = models.PositiveBigIntegerField(_("records read"), default=0)
    counted = models.PositiveBigIntegerField(_("new"), default=0)
    repeated = models.PositiveBigIntegerField(_("already known"), default=0)
    put_aside = models.PositiveBigIntegerField(_("put aside"), default=0)
    began_at = models.DateTimeField(_("began"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("usage file")
        verbose_name_plural = _("usage files")
        constraints = [models.UniqueConstraint(fields=["source", "digest"], name="usage_import_once")]

    def __str__(self) -> str:
        return self.name
