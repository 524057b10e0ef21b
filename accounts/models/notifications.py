"""Messages to people: the outbox, and the demo's view of what left it."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")


class NotificationQuerySet(models.QuerySet["Notification"]):
    def owned_by(self, user: "User") -> "NotificationQuerySet":
        return self.filter(user=user)

    def due(self, now: datetime) -> "NotificationQuerySet":
        """What is to be sent at `now`, and what somebody began to send and never finished."""
        queued = models.Q(state=Notification.State.QUEUED, due_at__lte=now)
        forgotten = models.Q(state=Notification.State.SENDING, lease_until__lte=now)
        return self.filter(queued | forgotten)


class Notification(models.Model):
    """One message to one person on one channel.

    `key` names the business fact ("expiry-3d:alw_…:email"), so writing the same notice twice is one row.
    The text is rendered at delivery from `kind` and `context`, in the person's language and time zone.
    LEFT_OUT is what was no longer so, or had come, before it could be sent: nobody has to see to it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        LEFT_OUT = "left_out", _("left out")

    public_id = PublicIdField(prefix="ntf", unique=False)  # nobody looks one up by it (ADR 8)
    key = models.CharField(_("key"), max_length=160, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,  # notification_by_user begins with it
        related_name="notifications",
        verbose_name=_("user"),
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    kind = models.CharField(_("kind"), max_length=40)
    context = models.JSONField(_("context"), default=dict, help_text=_("Plain values the template needs; no secrets."))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            # deliver_notifications claims in this order.
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(state__in=["queued", "sending"]),
                name="notification_to_deliver",
            ),
            models.Index(fields=["user", "-created_at"], name="notification_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.user_id} ({self.channel})"


class OutboxMessage(models.Model):
    """What the demo would have sent by e-mail or SMS, one-time codes included; shown at /outbox/."""

    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(_("text"))
    html = models.TextField("HTML", blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject or self.body[:40]}"


class OutboxAttachment(models.Model):
    """A file that the demo would have sent with a message."""

    public_id = PublicIdField(prefix="att")
    message = models.ForeignKey(
        OutboxMessage, on_delete=models.CASCADE, related_name="attachments", verbose_name=_("outbox message")
    )
    name = models.CharField(_("file name"), max_length=100)
    content_type = models.CharField(_("content type"), max_length=60)
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.name
