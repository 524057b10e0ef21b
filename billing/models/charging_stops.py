"""When automatic charging stood still, and who said so."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ChargingStopQuerySet(models.QuerySet["ChargingStop"]):
    def standing(self) -> "ChargingStopQuerySet":
        return self.filter(lifted_at__isnull=True)


class ChargingStop(models.Model):
    """While a row that is not lifted stands, nothing is charged automatically; at most one stands.

    Nobody is named where it was said on the command line.
    """

    stopped_at = models.DateTimeField(_("stopped"), default=timezone.now, editable=False)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("stopped by"),
    )
    reason = models.CharField(_("reason"), max_length=300)
    lifted_at = models.DateTimeField(_("allowed again"), null=True, blank=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("allowed by"),
    )
    lift_reason = models.CharField(_("why it goes on"), max_length=300, blank=True)

    objects = ChargingStopQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop of automatic charges")
        verbose_name_plural = _("stops of automatic charges")
        constraints = [
            models.UniqueConstraint(
                IsNull(F("lifted_at"), True),  # noqa: FBT003 - the lookup's signature
                condition=Q(lifted_at__isnull=True),
                name="charging_stop_one_stands",
            )
        ]

    def __str__(self) -> str:
        return self.reason
