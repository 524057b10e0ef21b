"""The standing agreement to buy a plan for a line again."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.methods import PaymentMethod
from esim.models import Line
from plans.models import Plan
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def owned_by(self, user: "User") -> "SubscriptionQuerySet":
        return self.filter(line__owner=user)

    def due(self, now: datetime) -> "SubscriptionQuerySet":
        """Automatic ones whose next charge is due and which no worker holds."""
        return self.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            mode=Subscription.Mode.AUTOMATIC,
            state=Subscription.State.ACTIVE,
            charge_due_at__lte=now,
        )

    def to_retry(self, now: datetime) -> "SubscriptionQuerySet":
        """Declined ones whose next rung of the ladder is reached."""
        return self.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            mode=Subscription.Mode.AUTOMATIC,
            state=Subscription.State.PAST_DUE,
            charge_due_at__lte=now,
        )

    def in_flight(self, now: datetime) -> "SubscriptionQuerySet":
        """Claimed ones whose worker's lease ran out; also when auto-renewal was turned off meanwhile."""
        return self.filter(state=Subscription.State.IN_FLIGHT, lease_until__lte=now)


class Subscription(models.Model):
    """Auto-renewal of one line.

    `anchor_at` never changes while renewals follow each other: ends are counted from it in the line's zone, so
    31 January renews on 28 February and then on 31 March. `period_index` is the next period to be bought; it only
    grows, also when the anchor moves, because (subscription, period_index) names a purchase for good.
    `consent_*` is what the subscriber agreed to, word for word and to the cent.
    `fence` grows with every claim; a worker whose lease ran out can no longer write.
    """

    class Mode(models.TextChoices):
        OFF = "off", _("off")
        AUTOMATIC = "automatic", _("automatic")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        IN_FLIGHT = "in_flight", _("being charged")
        PAST_DUE = "past_due", _("payment declined")
        PAUSED = "paused", _("paused")

    class PayFrom(models.TextChoices):
        METHOD = "method", _("saved card")
        WALLET = "wallet", _("balance")
        WALLET_THEN_METHOD = "wallet_then_method", _("balance first, then the saved card")

    public_id = PublicIdField(prefix="sub")
    line = models.OneToOneField(Line, on_delete=models.PROTECT, related_name="subscription", verbose_name=_("line"))
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions", verbose_name=_("plan"))
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.OFF)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    pay_from = models.CharField(_("paid from"), max_length=20, choices=PayFrom.choices, default=PayFrom.METHOD)
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("payment method"),
    )
    anchor_at = models.DateTimeField(
        _("anchor"), help_text=_("Start of the anchor's period; all later ends are counted from it.")
    )
    anchor_index = models.PositiveIntegerField(_("anchor's period"), default=0, editable=False)
    period_index = models.PositiveIntegerField(_("next period"), default=1)
    charge_due_at = models.DateTimeField(_("next charge"))
    declines = models.PositiveSmallIntegerField(_("declines in a row"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(_("fence"), default=0, editable=False)
    currency = models.CharField(_("currency"), max_length=3)
    consent_amount = models.BigIntegerField(_("agreed price"))
    consent_terms = models.JSONField(_("agreed terms"), default=dict)
    consent_text = models.TextField(_("text agreed to"), blank=True)
    consent_version = models.CharField(_("version of that text"), max_length=20, blank=True)
    consented_at = models.DateTimeField(_("agreed"), null=True, blank=True)
    consent_ip = models.GenericIPAddressField(_("agreed from"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True, help_text=_("Why it stands as it does."))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("auto-renewal")
        verbose_name_plural = _("auto-renewals")
        constraints = [
            models.CheckConstraint(
                condition=Q(pay_from="wallet") | Q(mode="off") | Q(method__isnull=False),
                name="subscription_names_method",
            ),
            models.CheckConstraint(
                condition=Q(mode="off") | Q(consented_at__isnull=False), name="subscription_has_consent"
            ),
        ]
        indexes = [
            # The claim walks in this order; see SubscriptionQuerySet.due and to_retry.
            models.Index(
                fields=["charge_due_at", "id"],
                condition=Q(mode="automatic", state__in=["active", "past_due", "in_flight"]),
                name="subscription_due",
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def agreed_price(self) -> Money:
        return Money(self.consent_amount, self.currency)

    def held(self) -> SubscriptionQuerySet:
        """This row, as long as our claim on it stands: to be moved on with `.held().update(…)`."""
        return Subscription.objects.filter(pk=self.pk, state=Subscription.State.IN_FLIGHT, fence=self.fence)
