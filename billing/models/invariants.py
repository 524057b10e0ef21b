"""What was found broken of what must always be true."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SHOWN = 50
"""Sentences of one invariant that are shown and logged; all are kept, to tell what is new from what was answered for."""


class InvariantReportQuerySet(models.QuerySet["InvariantReport"]):
    def standing(self) -> "InvariantReportQuerySet":
        return self.filter(over_at__isnull=True)

    def unseen(self) -> "InvariantReportQuerySet":
        return self.standing().filter(acknowledged_at__isnull=True)

    def stopping_money(self) -> "InvariantReportQuerySet":
        return self.unseen().filter(stops_money=True)


class InvariantReport(models.Model):
    """What one look found broken, until a later look finds something else or nothing.

    `broken` lists sentences by invariant. While a report that `stops_money` stands and nobody has acknowledged it,
    nothing is charged automatically.
    """

    found_at = models.DateTimeField(_("found"), default=timezone.now, editable=False)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now, editable=False)
    broken = models.JSONField(_("what is broken"))
    stops_money = models.BooleanField(_("stops automatic charges"))
    over_at = models.DateTimeField(_("over"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acknowledged by"),
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = InvariantReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("broken invariant")
        verbose_name_plural = _("broken invariants")
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(acknowledged_by__isnull=False),
                name="invariant_report_acknowledged_by_somebody",
            )
        ]
        indexes = [
            models.Index(fields=["found_at"], condition=Q(over_at__isnull=True), name="invariant_report_standing")
        ]

    def __str__(self) -> str:
        return ", ".join(self.broken)

    @property
    def sentences(self) -> list[str]:
        return [f"{name}: {sentence}" for name, found in self.broken.items() for sentence in _shown(found)]


def _shown(found: list[str]) -> list[str]:
    more = len(found) - SHOWN
    return [*found[:SHOWN], f"and {more} more, which check_invariants prints"] if more > 0 else found
