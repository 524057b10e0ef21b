"""Keys for programs."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def owned_by(self, user: "User") -> "ApiTokenQuerySet":
        return self.filter(user=user)

    def usable(self, now: datetime) -> "ApiTokenQuerySet":
        """Neither revoked nor past their time, of an account that is not closed."""
        in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(in_time, Q(user__isnull=True) | Q(user__is_active=True), revoked_at__isnull=True)


class ApiToken(models.Model):
    """A bearer token: shown once when it is made, kept as its SHA-256 with a prefix by which people tell it apart.

    `scopes` are words such as "usage:write". Without a `user` it belongs to the operator's own systems.
    """

    public_id = PublicIdField(prefix="tok")
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=80)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_tokens",
        verbose_name=_("user"),
    )
    prefix = models.CharField(_("begins with"), max_length=16)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    source = models.SlugField(
        _("source"), max_length=20, blank=True, help_text=_("Whose usage records come with it; empty: none.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
