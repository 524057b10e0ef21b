"""Who did what to what."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """One thing somebody did; append-only (database triggers refuse UPDATE and DELETE).

    `subject` is the person whose account it concerns: they see their own events. `actor` is empty when the
    portal acted by itself. `target` is the public id of the object, as text, whichever app it lives in.
    """

    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_events_caused",
        verbose_name=_("actor"),
    )
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_events",
        verbose_name=_("account"),
    )
    action = models.CharField(_("action"), max_length=60, help_text=_("Such as line.activation_code_viewed"))
    target = models.CharField(_("target"), max_length=40, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        indexes = [models.Index(fields=["subject", "-at"], name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    @property
    def own_ip_address(self) -> str | None:
        """From where its subject, or nobody known, did it: the address of staff or of others is not theirs to know."""
        return self.ip_address if self.actor_id in {None, self.subject_id} else None
