"""What our books and the gateways' tell differently."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.money import Money


class ComparedDay(models.Model):
    """One day, in UTC, of which a gateway's movements were compared with our books."""

    gateway = models.CharField(_("gateway"), max_length=20)
    day = models.DateField(_("day"))
    movements = models.PositiveIntegerField(_("movements at the gateway"))
    compared_at = models.DateTimeField(_("last compared"))

    class Meta:
        verbose_name = _("compared day")
        verbose_name_plural = _("compared days")
        constraints = [models.UniqueConstraint(fields=["gateway", "day"], name="compared_day_once")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.day}"


class Discrepancy(models.Model):
    """Money that a gateway and our books tell differently, until a later comparison or a person resolves it.

    `movement_id` is the gateway's id of the money or, where the gateway does not know it, ours. `money` is what the
    gateway says or, where it says nothing, what we recorded. Without `resolved_by`, a comparison resolved it.
    """

    class Kind(models.TextChoices):
        UNKNOWN_HERE = "unknown_here", _("moved there, unknown here")
        UNKNOWN_THERE = "unknown_there", _("recorded here, unknown there")
        AMOUNT_DIFFERS = "amount_differs", _("amount differs")

    gateway = models.CharField(_("gateway"), max_length=20)
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    movement_id = models.CharField(_("money at the gateway"), max_length=80)
    is_refund = models.BooleanField(_("given back"), default=False)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    day = models.DateField(_("day"))
    known = models.CharField(_("what we know of it"), max_length=300, blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("resolved by"),
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [
            models.UniqueConstraint(fields=["gateway", "kind", "movement_id"], name="discrepancy_once"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=False) | Q(resolved_by__isnull=True),
                name="discrepancy_resolved_has_time",
            ),
        ]
        indexes = [models.Index(fields=["day"], condition=Q(resolved_at__isnull=True), name="discrepancy_open")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.movement_id}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
