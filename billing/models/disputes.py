"""Payments that their payer calls wrong at the bank."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.charges import Charge
from billing.models.orders import Order
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


DELIVERED = Q(charge__order__state=Order.State.FULFILLED)
NOTHING_OWED = (DELIVERED & Q(amount__lte=F("frozen_amount"))) | (
    ~DELIVERED & Q(credited_amount__lte=F("frozen_amount"))
)
BY_LINE_OWNER = Q(charge__by_link=False, charge__order__owner=F("charge__order__line__owner"))


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def owned_by(self, user: "User") -> "DisputeQuerySet":
        return self.filter(charge__order__owner=user)

    def open(self) -> "DisputeQuerySet":
        return self.filter(state=Dispute.State.OPEN)

    def of_line_owners(self) -> "DisputeQuerySet":
        """Those about what owners paid for their own lines: another payer's bank says nothing of the owner's card."""
        return self.filter(BY_LINE_OWNER)

    def holding_the_money(self) -> "DisputeQuerySet":
        """Those for which the bank has the money, for now or for good: it must not be given back as well."""
        return self.filter(is_withdrawn=True)

    def owed(self) -> "DisputeQuerySet":
        """What the bank took back for good of what was delivered, or became balance and was spent; not what was settled since."""
        lost = self.filter(state=Dispute.State.LOST, is_withdrawn=True).exclude(NOTHING_OWED)
        return lost.exclude(settled_by__state=Order.State.FULFILLED)

    def to_ask_about(self, now: datetime) -> "DisputeQuerySet":
        return self.open().filter(check_due_at__lte=now)


class Dispute(models.Model):
    """A payer told the bank that a charge was wrong; the bank decides, not we.

    `withdrawals` counts how often the bank took the money, `is_withdrawn` tells whether it has it now.
    `credited_amount` is what of the charge had become balance, and `frozen_amount` what of that is held until it is
    decided: the rest was spent. `settled_by` is the order that pays, or tries to pay, what was lost.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    public_id = PublicIdField(prefix="dsp")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("charge"))
    gateway = models.CharField(_("gateway"), max_length=20)
    gateway_dispute_id = models.CharField(_("dispute at the gateway"), max_length=80)
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=60, blank=True, help_text=_("In the gateway's words."))
    respond_by = models.DateTimeField(_("answer by"), null=True, blank=True)
    is_withdrawn = models.BooleanField(_("money withdrawn"), default=False)
    withdrawals = models.PositiveSmallIntegerField(_("withdrawals"), default=0, editable=False)
    credited_amount = models.BigIntegerField(_("became balance"), default=0)
    frozen_amount = models.BigIntegerField(_("frozen balance"), default=0)
    check_due_at = models.DateTimeField(_("next check"), default=timezone.now, editable=False)
    created_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    settled_by = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="settles", verbose_name=_("settled by")
    )

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.UniqueConstraint(fields=["gateway", "gateway_dispute_id"], name="dispute_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(
                condition=Q(frozen_amount__gte=0)
                & Q(frozen_amount__lte=F("credited_amount"))
                & Q(credited_amount__lte=F("amount")),
                name="dispute_freezes_what_is_disputed",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="dispute_closed_has_time",
            ),
        ]
        indexes = [models.Index(fields=["check_due_at", "id"], condition=Q(state="open"), name="dispute_to_ask_about")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def credited(self) -> Money:
        return Money(self.credited_amount, self.currency)

    @property
    def frozen(self) -> Money:
        return Money(self.frozen_amount, self.currency)

    @property
    def owed(self) -> Money:
        """What is left to pay once it is lost; reads the order of the charge."""
        is_delivered = self.charge.order.state == Order.State.FULFILLED
        return (self.money if is_delivered else self.credited) - self.frozen
