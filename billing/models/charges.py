"""One attempt to take money for an order."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.methods import PaymentMethod
from billing.models.orders import Order
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


OPEN = Q(phase="open")


class ChargeQuerySet(models.QuerySet["Charge"]):
    def owned_by(self, user: "User") -> "ChargeQuerySet":
        return self.filter(order__owner=user)

    def open(self) -> "ChargeQuerySet":
        return self.filter(OPEN)

    def named_at_gateway(self, name: str) -> "ChargeQuerySet":
        """The charge of a payment that is over, or of the money it took, by the gateway's own id of either."""
        if not name:
            return self.none()  # what has not met the gateway yet says "", too
        return self.filter(Q(kept_payment_id=name) | Q(gateway_transaction_id=name))

    def to_ask_about(self, now: datetime) -> "ChargeQuerySet":
        """Open charges whose next look at the gateway is due."""
        return self.open().filter(check_due_at__lte=now)


class Charge(models.Model):
    """One attempt to take money for an order.

    CREATED is committed before the gateway is asked; UNKNOWN means the answer was lost and the gateway must be
    asked again, never that the charge failed. `public_id` is the idempotency key at the gateway.

    `phase` is the state but for what is open, and `kept_payment_id` the payment once that is over. The indexes know these
    two, and none knows what changes before money is taken: that writes none of them anew (a heap-only tuple in PostgreSQL).
    """

    class State(models.TextChoices):
        CREATED = "created", _("being prepared")
        PENDING = "pending", _("waiting for the payer")
        UNKNOWN = "unknown", _("being checked with the bank")
        NEEDS_ACTION = "needs_action", _("needs the payer's confirmation")
        SUCCEEDED = "succeeded", _("paid")
        DECLINED = "declined", _("declined")
        ABANDONED = "abandoned", _("not completed")

        OPEN = nonmember(frozenset({"created", "pending", "unknown", "needs_action"}))

    public_id = PublicIdField(prefix="chg")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="charges", verbose_name=_("order"))
    gateway = models.CharField(_("gateway"), max_length=20)
    gateway_payment_id = models.CharField(_("payment at the gateway"), max_length=80, null=True, blank=True)
    kept_payment_id = models.GeneratedField(
        verbose_name=_("payment that is over"),
        expression=Case(When(state__in=sorted(State.OPEN), then=None), default=F("gateway_payment_id")),
        output_field=models.CharField(max_length=80, null=True),
        db_persist=True,
    )
    gateway_transaction_id = models.CharField(
        _("money at the gateway"),
        max_length=80,
        blank=True,
        help_text=_("What refunds and disputes name."),
    )
    paid_with = models.CharField(_("paid with"), max_length=20, blank=True)
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # asked for among open charges only, which are few
        related_name="charges",
        verbose_name=_("payment method"),
    )
    off_session = models.BooleanField(_("without the payer present"), default=False)
    by_link = models.BooleanField(
        _("by a link to pay"),
        default=False,
        editable=False,
        help_text=_("Somebody else paid: the money goes back to their card only."),
    )
    save_method = models.BooleanField(_("keep the card"), default=False)
    card_consent = models.JSONField(
        _("agreed to for keeping the card"),
        default=dict,
        blank=True,
        help_text=_("Text, version, time and address of the agreement."),
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    refunded_amount = models.BigIntegerField(
        _("refunded"), default=0, help_text=_("Given back, or promised to be; never more than was paid.")
    )
    state = models.CharField(_("state"), max_length=14, choices=State.choices, default=State.CREATED)
    phase = models.GeneratedField(
        verbose_name=_("phase"),
        expression=Case(When(state__in=sorted(State.OPEN), then=Value("open")), default=F("state")),
        output_field=models.CharField(max_length=14),
        db_persist=True,
    )
    decline_code = models.CharField(_("decline code"), max_length=60, blank=True)
    page_url = models.TextField(_("payment page"), blank=True, editable=False)
    check_due_at = models.DateTimeField(_("next check"), default=timezone.now)
    checks = models.PositiveSmallIntegerField(_("checks"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="charge_amount_positive"),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0) & Q(refunded_amount__lte=F("amount")),
                name="charge_refunds_within_amount",
            ),
            # Two open charges for one order could both be paid.
            models.UniqueConstraint(fields=["order"], condition=OPEN, name="charge_one_open_an_order"),
            models.UniqueConstraint(
                fields=["kept_payment_id"], condition=Q(kept_payment_id__isnull=False), name="charge_one_a_payment"
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(settled_at__isnull=False, gateway_payment_id__isnull=False),
                name="charge_succeeded_is_proven",
            ),
        ]
        indexes = [
            models.Index(fields=["check_due_at", "id"], condition=OPEN, name="charge_to_reconcile"),
            models.Index(
                fields=["gateway_transaction_id"],
                condition=~Q(gateway_transaction_id=""),
                name="charge_by_transaction",
            ),
            models.Index(fields=["settled_at"], condition=Q(phase="declined"), name="charge_declined"),
            BrinIndex(fields=["settled_at"], name="charge_by_settling"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        return self.state in Charge.State.OPEN

    @property
    def customer(self) -> str:
        """Whose payment it is to the gateway: nobody's who has an account here where somebody else pays by a link."""
        return "" if self.by_link else self.order.owner.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_amount, self.currency)
