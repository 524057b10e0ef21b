"""The inbox of the gateways' notices, and how far we have read on where they keep them."""

import json
from datetime import datetime
from enum import nonmember
from typing import Any

from django.db import connections, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class GatewayEventQuerySet(models.QuerySet["GatewayEvent"]):
    def to_apply(self, now: datetime) -> "GatewayEventQuerySet":
        return self.filter(state__in=GatewayEvent.State.RUNNABLE, due_at__lte=now)

    def insert_once(
        self,
        *,
        gateway: str,
        event_id: str,
        kind: str,
        about: str,
        payment_id: str,
        payload: dict[str, Any],
        by_webhook: bool = True,
        now: datetime,
    ) -> bool:
        """Store one notice and say whether it was new; that it came by webhook after all is noted, too.

        Written by hand because the webhook answers thousands of these: the ORM's way (`bulk_create` with
        `ignore_conflicts`) opens a transaction around the one statement, which trebles the round trips.
        """
        connection = connections[self.db]
        moment = connection.ops.adapt_datetimefield_value(now)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_gatewayevent (gateway, event_id, kind, about, payment_id, payload, state, attempts,"
                " error, by_webhook, received_at, due_at) VALUES (%s, %s, %s, %s, %s, %s, %s, 0, '', %s, %s, %s)"
                " ON CONFLICT (gateway, event_id) DO UPDATE SET by_webhook = excluded.by_webhook"
                " WHERE excluded.by_webhook AND NOT billing_gatewayevent.by_webhook",
                [
                    gateway,
                    event_id,
                    kind,
                    about,
                    payment_id,
                    json.dumps(payload),
                    GatewayEvent.State.RECEIVED,
                    by_webhook,
                    moment,
                    moment,
                ],
            )
            return bool(cursor.rowcount == 1)


class GatewayEvent(models.Model):
    """One verified notice of a gateway, stored before anything is done about it.

    Only DONE blocks a repeat: an event whose handling failed stays runnable. NOT_OURS is one that, for most of a day,
    was about nothing we know; staff can run it again.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        NOT_OURS = "not_ours", _("about nothing of ours")

        RUNNABLE = nonmember(frozenset({"received", "failed"}))

    gateway = models.CharField(_("gateway"), max_length=20)
    event_id = models.CharField(_("event id"), max_length=80)
    kind = models.CharField(_("kind"), max_length=60)
    about = models.CharField(_("about"), max_length=10, default="payment")
    payment_id = models.CharField(_("payment at the gateway"), max_length=80, blank=True)
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    by_webhook = models.BooleanField(
        _("came by webhook"),
        default=True,
        help_text=_("Otherwise it was read at the gateway, because it had not come."),
    )
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    due_at = models.DateTimeField(_("to be applied from"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    objects = GatewayEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway event")
        verbose_name_plural = _("gateway events")
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_once")]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["received", "failed"]), name="gateway_event_to_apply"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class EventsCursor(models.Model):
    """Up to where the notices that a gateway keeps have been read; what `cursor` means is the gateway's business."""

    gateway = models.CharField(_("gateway"), max_length=20, unique=True)
    cursor = models.CharField(_("read up to"), max_length=120)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("events cursor")
        verbose_name_plural = _("events cursors")

    def __str__(self) -> str:
        return f"{self.gateway} {self.cursor}"
