"""Telling the operator's own systems what happened: where to, what, and how it went."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def active(self) -> "WebhookEndpointQuerySet":
        return self.filter(is_active=True)


class WebhookEndpoint(models.Model):
    """An address of the operator's that wants to hear of some kinds of events.

    `failing_since` is when an unbroken row of failures began; one that lasts too long turns the endpoint off, and
    `turned_off_at` and `turned_off_because` say so.
    """

    public_id = PublicIdField(prefix="whe")
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=80)
    url = models.URLField(_("address"), max_length=500)
    kinds = models.JSONField(_("events"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    turned_off_at = models.DateTimeField(_("turned off"), null=True, blank=True, editable=False)
    turned_off_because = models.CharField(_("turned off because"), max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = WebhookEndpointQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["failing_since"])

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")

    def __str__(self) -> str:
        return self.name


class WebhookSecret(models.Model):
    """What messages to one endpoint are signed with; while there are several each signs, so that receivers can change over."""

    public_id = PublicIdField(prefix="whs")
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets", verbose_name=_("endpoint")
    )
    ciphertext = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    value = Sealed("ciphertext")

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")

    def __str__(self) -> str:
        return self.public_id


class WebhookMessage(models.Model):
    """One thing that happened, as it is told; `key` names the fact, so that it is told once."""

    public_id = PublicIdField(prefix="evt")
    key = models.CharField(_("key"), max_length=120, unique=True)
    kind = models.CharField(_("event"), max_length=40)
    data = models.JSONField(_("what is told"), default=dict)
    at = models.DateTimeField(_("happened"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        indexes = [models.Index(fields=["created_at"], name="webhook_message_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> "WebhookDeliveryQuerySet":
        """What is to be sent at `now`, and what somebody began to send and never finished."""
        waiting = Q(state=WebhookDelivery.State.WAITING, due_at__lte=now)
        forgotten = Q(state=WebhookDelivery.State.SENDING, due_at__lte=now)
        return self.filter(waiting | forgotten, endpoint__is_active=True)


class WebhookDelivery(models.Model):
    """One message to one endpoint; unique, so that it is delivered as one, however often it has to be sent.

    While it is being sent `due_at` is the end of the lease. `log` has the last attempts: when, what came back and
    how many milliseconds it took.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given_up", _("given up")

    public_id = PublicIdField(prefix="whd")
    message = models.ForeignKey(
        WebhookMessage, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("message")
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="deliveries",
        verbose_name=_("endpoint"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, help_text=_("Since it was last asked for."))
    claims = models.PositiveIntegerField(default=0, editable=False)
    due_at = models.DateTimeField(_("next try"), default=timezone.now)
    status = models.PositiveSmallIntegerField(_("last answer"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    log = models.JSONField(_("attempts so far"), default=list)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [models.UniqueConstraint(fields=["endpoint", "message"], name="webhook_delivery_once")]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["waiting", "sending"]), name="webhook_to_deliver"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_over(self) -> bool:
        return self.state in {WebhookDelivery.State.DELIVERED, WebhookDelivery.State.GIVEN_UP}


class WebhookCursor(models.Model):
    """How far a table was looked through for events, as marks of [moment, last id].

    An id is given out before its row is seen by others: what lies behind a mark is settled only some minutes later.
    """

    source = models.CharField(_("source"), max_length=40, unique=True)
    marks = models.JSONField(default=list)

    class Meta:
        verbose_name = _("webhook cursor")
        verbose_name_plural = _("webhook cursors")

    def __str__(self) -> str:
        return self.source
