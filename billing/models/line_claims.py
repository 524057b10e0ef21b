"""Claims to a line that was ordered with another account."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order

if TYPE_CHECKING:
    from accounts.models import User


class LineClaimQuerySet(models.QuerySet["LineClaim"]):
    def owned_by(self, user: "User") -> "LineClaimQuerySet":
        """Those this person made; what they found is not theirs to know."""
        return self.filter(user=user)

    def open(self, now: datetime) -> "LineClaimQuerySet":
        """Those for which a code can still be typed."""
        return self.filter(used_at=None, expires_at__gt=now, tries__lt=LineClaim.MOST_TRIES)


class LineClaim(models.Model):
    """One wish to have the line of an order that another account made.

    Written whatever was typed, and counted alike: `asked` is a keyed hash of the order number that was typed, `order`
    the one that is there and can be claimed, the only kind for which a code goes out.
    """

    MOST_TRIES = 5

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+", verbose_name=_("user")
    )
    asked = models.CharField(max_length=64)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("order"),
    )
    tries = models.PositiveSmallIntegerField(_("codes typed"), default=0)
    asked_at = models.DateTimeField(_("at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    objects = LineClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim to a line")
        verbose_name_plural = _("claims to lines")
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=5), name="claim_few_tries"),
            models.CheckConstraint(condition=Q(used_at=None) | Q(order__isnull=False), name="claim_used_for_an_order"),
        ]
        indexes = [
            models.Index(fields=["user", "asked_at"], name="claim_by_user"),
            models.Index(fields=["asked", "asked_at"], name="claim_by_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.asked_at:%Y-%m-%d %H:%M}"

    def count_try(self, now: datetime) -> bool:
        """Count a code that is typed; False where none can be typed any more, also of many at once."""
        return bool(LineClaim.objects.open(now).filter(pk=self.pk).update(tries=F("tries") + 1))
