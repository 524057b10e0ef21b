"""That another plan would have been cheaper for a line, and that its owner did not want to hear it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models import Line
from plans.models import Plan, SoldTerms
from portal.lib.money import Money


class PlanNudgeQuerySet(models.QuerySet["PlanNudge"]):
    def with_something_to_say(self) -> "PlanNudgeQuerySet":
        return self.filter(plan__isnull=False)

    def looked_at_since(self, moment: datetime) -> "PlanNudgeQuerySet":
        return self.filter(looked_at__gt=moment)


class PlanNudge(models.Model):
    """What came of the last look at a line; without a `plan` there is nothing to say.

    Both costs are for the same `days` of the line, in minor units. `basis` is what the sentence rests on: as long as
    it stays, somebody who closed the sentence is not told again.
    """

    line = models.OneToOneField(Line, on_delete=models.CASCADE, related_name="nudge", verbose_name=_("line"))
    looked_at = models.DateTimeField(_("looked at"), default=timezone.now, editable=False)
    plan = models.ForeignKey(
        Plan,
        on_delete=models.CASCADE,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cheaper plan"),
    )
    instead_of = models.ForeignKey(
        SoldTerms,
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("present plan"),
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    cost = models.BigIntegerField(_("cost with it"), default=0)
    cost_now = models.BigIntegerField(_("cost with the present plan"), default=0)
    days = models.PositiveSmallIntegerField(_("days"), default=0)
    basis = models.CharField(_("rests on"), max_length=120, blank=True, editable=False)

    objects = PlanNudgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("cheaper plan")
        verbose_name_plural = _("cheaper plans")
        constraints = [
            models.CheckConstraint(
                condition=Q(plan__isnull=True) | Q(instead_of__isnull=False, cost_now__gt=models.F("cost")),
                name="nudge_names_something_cheaper",
            ),
        ]
        indexes = [models.Index(fields=["looked_at"], name="nudge_by_look")]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.plan_id}"

    @property
    def cost_money(self) -> Money:
        return Money(self.cost, self.currency)

    @property
    def cost_now_money(self) -> Money:
        return Money(self.cost_now, self.currency)

    @property
    def percent(self) -> int:
        """What the days would have cost less, in whole percent, rounded down."""
        return (self.cost_now - self.cost) * 100 // self.cost_now if self.cost_now else 0


class NudgeDismissal(models.Model):
    """The owner of a line closed the sentence about a plan: not told again while its `basis` stays."""

    line = models.ForeignKey(
        Line, on_delete=models.CASCADE, db_index=False, related_name="nudge_dismissals", verbose_name=_("line")
    )
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, db_index=False, related_name="+", verbose_name=_("plan"))
    basis = models.CharField(_("rests on"), max_length=120)
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("closed advice")
        verbose_name_plural = _("closed advice")
        constraints = [models.UniqueConstraint(fields=["line", "plan"], name="nudge_dismissed_once_a_plan")]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.plan_id}"
