"""What programs asked for under a key of their own, so that asking again is not asking twice."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.api_tokens import ApiToken


class ApiCallQuerySet(models.QuerySet["ApiCall"]):
    def made_before(self, moment: datetime) -> "ApiCallQuerySet":
        return self.filter(created_at__lt=moment)


class ApiCall(models.Model):
    """One request that changes something, by the `Idempotency-Key` its sender gave it.

    Until `status` is set it is being worked on, until `lease_until`; then whoever asks again goes on with it.
    `attempts` grows with every claim and is the fence. `fingerprint` tells another request under the same key apart.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, db_index=False, related_name="calls")
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(max_length=64)
    attempts = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    body = models.JSONField(_("answer"), null=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = ApiCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("API call")
        verbose_name_plural = _("API calls")
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="api_call_once")]
        indexes = [models.Index(fields=["created_at"], name="api_call_by_age")]

    def __str__(self) -> str:
        return self.key
