"""The inbox of verified webhooks."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class GatewayEvent(models.Model):
    """One verified notice of a gateway, stored before anything is done about it.

    Only DONE blocks a repeat: an event whose handling failed stays runnable.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    gateway = models.CharField(_("gateway"), max_length=20)
    event_id = models.CharField(_("event id"), max_length=80)
    kind = models.CharField(_("kind"), max_length=60)
    payment_id = models.CharField(_("payment at the gateway"), max_length=80, blank=True)
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("gateway event")
        verbose_name_plural = _("gateway events")
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once")]
        indexes = [
            models.Index(fields=["received_at", "id"], condition=~Q(state="done"), name="gateway_event_to_apply")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
