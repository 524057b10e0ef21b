"""Plans that were bought for later and wait their turn."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from esim.models import Line
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class QueuedPlanQuerySet(models.QuerySet["QueuedPlan"]):
    def owned_by(self, user: "User") -> "QueuedPlanQuerySet":
        """Those of the lines of this person, whoever bought them."""
        return self.filter(line__owner=user)

    def bought_by(self, user: "User") -> "QueuedPlanQuerySet":
        """Those whose money goes back to this person."""
        return self.filter(order__owner=user)

    def waiting(self) -> "QueuedPlanQuerySet":
        """Those that are paid and not begun; one that is not paid yet waits for its buyer."""
        return self.filter(state=QueuedPlan.State.WAITING, order__state=Order.State.PAID)

    def ahead(self) -> "QueuedPlanQuerySet":
        """Time that is paid for and not granted yet: those that wait, and those whose turn it is, in their order."""
        sure = self.exclude(state=QueuedPlan.State.CANCELLED).filter(order__state__in=sorted(Order.State.IN_FLIGHT))
        return sure.order_by("state", "position")

    def to_take_in(self) -> "QueuedPlanQuerySet":
        return self.waiting().filter(taken_in_at__isnull=True)


class QueuedPlan(models.Model):
    """Makes a paid order wait until the plans before it on its line have ended.

    While it waits the order is PAID and has no `fulfil_due_at`, so nobody delivers it. Whoever moves `state` on with a
    conditional UPDATE decides alone what becomes of the order: delivery, or the money back.
    `position` only orders those of one line; gaps mean nothing.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        STARTED = "started", _("started")
        CANCELLED = "cancelled", _("cancelled")

    public_id = PublicIdField(prefix="que")
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, db_index=False, related_name="queued_plans", verbose_name=_("line")
    )
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="queued_plan", verbose_name=_("order"))
    position = models.IntegerField(_("position"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    by_wish = models.BooleanField(_("started before its turn"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    taken_in_at = models.DateTimeField(
        _("taken into the schedule"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When auto-renewal was moved behind it and its buyer was told."),
    )
    decided_at = models.DateTimeField(_("started or cancelled"), null=True, blank=True, editable=False)

    objects = QueuedPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("queued plan")
        verbose_name_plural = _("queued plans")
        constraints = [
            models.UniqueConstraint(fields=["line", "position"], name="queue_one_a_position"),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
                name="queue_decided_has_time",
            ),
        ]
        indexes = [
            # The tick walks what waits; auto-renewal asks whether anything waits for a line.
            models.Index(fields=["line", "position"], condition=Q(state="waiting"), name="queue_waiting")
        ]

    def __str__(self) -> str:
        return self.public_id
