"""The inbox of verified webhooks."""

import json
from datetime import datetime
from typing import Any

from django.db import connections, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class GatewayEventQuerySet(models.QuerySet["GatewayEvent"]):
    def to_apply(self, now: datetime) -> "GatewayEventQuerySet":
        return self.exclude(state=GatewayEvent.State.DONE).filter(due_at__lte=now)

    def insert_once(
        self,
        *,
        gateway: str,
        event_id: str,
        kind: str,
        about: str,
        payment_id: str,
        payload: dict[str, Any],
        now: datetime,
    ) -> bool:
        """Store one notice and say whether it was new.

        Written by hand because the webhook answers thousands of these: the ORM's way (`bulk_create` with
        `ignore_conflicts`) opens a transaction around the one statement, which trebles the round trips.
        """
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_gatewayevent (gateway, event_id, kind, about, payment_id, payload, state, attempts,"
                " error, received_at, due_at) VALUES (%s, %s, %s, %s, %s, %s, %s, 0, '', %s, %s)"
                " ON CONFLICT DO NOTHING",
                [
                    gateway,
                    event_id,
                    kind,
                    about,
                    payment_id,
                    json.dumps(payload),
                    GatewayEvent.State.RECEIVED,
                    now,
                    now,
                ],
            )
            return bool(cursor.rowcount == 1)


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
    about = models.CharField(_("about"), max_length=10, default="payment")
    payment_id = models.CharField(_("payment at the gateway"), max_length=80, blank=True)
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    due_at = models.DateTimeField(_("to be applied from"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    objects = GatewayEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway event")
        verbose_name_plural = _("gateway events")
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once")]
        indexes = [models.Index(fields=["due_at", "id"], condition=~Q(state="done"), name="gateway_event_to_apply")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
