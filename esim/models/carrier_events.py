"""What carriers told us by themselves."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CarrierEvent(models.Model):
    """One verified message of a carrier; unique (carrier, event id), so that a repeated one counts once.

    `detail` holds what staff may need and no secret: an activation code or matching id never gets here.
    """

    carrier = models.CharField(_("carrier"), max_length=20)
    event_id = models.CharField(_("event id"), max_length=160)
    kind = models.CharField(_("kind"), max_length=40)
    iccid = models.CharField(_("ICCID"), max_length=20, blank=True)
    happened_at = models.DateTimeField(_("happened"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    applied = models.BooleanField(_("changed something"), default=False)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("message of a carrier")
        verbose_name_plural = _("messages of carriers")
        constraints = [models.UniqueConstraint(fields=["carrier", "event_id"], name="carrier_event_once")]
        indexes = [models.Index(fields=["iccid", "received_at"], name="carrier_event_by_profile")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.kind}"
