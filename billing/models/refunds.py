"""Money on its way back to the payer."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
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


class RefundQuerySet(models.QuerySet["Refund"]):
    def owned_by(self, user: "User") -> "RefundQuerySet":
        return self.filter(order__owner=user)

    def live(self) -> "RefundQuerySet":
        """Those that count against what was paid: money given back, or about to be."""
        return self.exclude(state__in=Refund.State.WITHOUT_EFFECT)

    def at_the_gateway(self) -> "RefundQuerySet":
        """Booked as on its way, and not known to have arrived."""
        return self.filter(state__in=Refund.State.ON_ITS_WAY)

    def to_ask_about(self, now: datetime) -> "RefundQuerySet":
        """Refunds on their way whose next look at the gateway is due."""
        return self.at_the_gateway().filter(check_due_at__lte=now)

    def shown_to_owner(self) -> "RefundQuerySet":
        """Leave out what only staff talk about, and what another refund took the place of."""
        of_staff = Q(state=Refund.State.REFUSED) & ~Q(requested_by=F("order__owner"))
        return self.exclude(state=Refund.State.REQUESTED).exclude(of_staff).filter(tried_again__isnull=True)

    def unsolved(self) -> "RefundQuerySet":
        """Failed ones that nobody has tried again or given as balance."""
        return self.filter(state=Refund.State.FAILED, tried_again__isnull=True)


class Refund(models.Model):
    """Money given back out of one charge or, without a charge, out of the part of an order that the balance paid.

    REQUESTED waits until a second person agrees, where one has to; TAKING_BACK until the network took the plan back,
    where it is to. CREATED is committed before the gateway is asked, and UNKNOWN means that its answer was lost.
    `public_id` is the idempotency key at the gateway. A failed refund stays failed: trying again is another row.
    `taken_from` is where the books took the money, and where it goes back to when it does not arrive.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("waits for a second person")
        TAKING_BACK = "taking_back", _("waits until the plan is taken back")
        CREATED = "created", _("being prepared")
        PENDING = "pending", _("on its way")
        UNKNOWN = "unknown", _("being checked with the gateway")
        SUCCEEDED = "succeeded", _("given back")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")

        ON_ITS_WAY = nonmember(frozenset({"created", "pending", "unknown"}))
        OPEN = nonmember(frozenset({"requested", "taking_back", "created", "pending", "unknown"}))
        UNDECIDED = nonmember(frozenset({"requested", "taking_back"}))
        WITHOUT_EFFECT = nonmember(frozenset({"failed", "refused"}))

    class Destination(models.TextChoices):
        PAYER = "payer", _("the way it was paid")
        BALANCE = "balance", _("the subscriber's balance")

    class Source(models.TextChoices):
        SALES = "sales", _("sales")
        WALLET = "wallet", _("the subscriber's balance")
        LOSSES = "losses", _("losses")

    class Reason(models.TextChoices):
        UNUSED = "unused", _("not used")
        UNDELIVERABLE = "undeliverable", _("could not be delivered")
        DUPLICATE = "duplicate", _("paid twice")
        COMPLAINT = "complaint", _("complaint")
        GOODWILL = "goodwill", _("goodwill")
        DISPUTE = "dispute", _("to avoid a dispute")
        AT_THE_GATEWAY = "gateway", _("made at the gateway")
        ACCOUNT_CLOSED = "account_closed", _("the account is closed")
        PAID_OUT = "paid_out", _("the balance is paid out")

        BY_ITSELF = nonmember(frozenset({"gateway", "account_closed", "paid_out"}))

    public_id = PublicIdField(prefix="rfd")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("order"))
    charge = models.ForeignKey(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("charge")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    goes_to = models.CharField(_("goes to"), max_length=8, choices=Destination.choices)
    taken_from = models.CharField(_("taken from"), max_length=8, choices=Source.choices, default=Source.SALES)
    reason = models.CharField(_("reason"), max_length=14, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    takes_back = models.BooleanField(
        _("takes the plan back"), default=False, help_text=_("The whole order is undone, not only money given back.")
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.REQUESTED)
    failure = models.CharField(_("why it failed"), max_length=100, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_requested",
        verbose_name=_("requested by"),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_approved",
        verbose_name=_("approved by"),
    )
    tries_again = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tried_again",
        verbose_name=_("instead of"),
    )
    payout = models.ForeignKey(
        "billing.Payout",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        verbose_name=_("part of a payout"),
    )
    gateway_refund_id = models.CharField(_("refund at the gateway"), max_length=80, null=True, blank=True, unique=True)
    check_due_at = models.DateTimeField(_("next check"), default=timezone.now, editable=False)
    checks = models.PositiveSmallIntegerField(_("checks"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        permissions = [("approve_refund", "Can approve refunds that others requested")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(state__in=["requested", "taking_back", "created", "pending", "unknown"]),
                name="refund_one_open_a_charge",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(charge__isnull=True, state__in=["requested", "taking_back"]),
                name="refund_one_open_of_balance",
            ),
            # The balance has no bank behind it: what it paid can only go back there.
            models.CheckConstraint(condition=Q(charge__isnull=False) | Q(goes_to="balance"), name="refund_of_balance"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")),
                name="refund_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded")
                | (Q(settled_at__isnull=False) & (Q(goes_to="balance") | Q(gateway_refund_id__isnull=False))),
                name="refund_succeeded_is_proven",
            ),
        ]
        indexes = [
            models.Index(
                fields=["check_due_at", "id"],
                condition=Q(state__in=["created", "pending", "unknown"]),
                name="refund_to_reconcile",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state in Refund.State.OPEN
