"""A standing rule: buy data, or add money, when it runs low."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.agreements import Agreement
from billing.models.methods import PaymentMethod
from billing.models.subscriptions import Subscription
from esim.models import Line
from plans.models import Plan
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class TopUpRuleQuerySet(models.QuerySet["TopUpRule"]):
    def owned_by(self, user: "User") -> "TopUpRuleQuerySet":
        return self.filter(owner=user)

    def of_kind(self, kind: "TopUpRule.Kind") -> "TopUpRuleQuerySet":
        return self.filter(kind=kind)

    def standing(self) -> "TopUpRuleQuerySet":
        """Rules that are on and not paused, those being charged included."""
        return self.filter(is_on=True).exclude(state=TopUpRule.State.PAUSED)

    def watching(self, now: datetime) -> "TopUpRuleQuerySet":
        """Rules that are on, that no worker holds, and that wait for nothing."""
        return self.filter(
            Q(wait_until__isnull=True) | Q(wait_until__lte=now), is_on=True, state=TopUpRule.State.ACTIVE
        )

    def in_flight(self, now: datetime) -> "TopUpRuleQuerySet":
        """Claimed ones whose worker's lease ran out; also when the rule was turned off meanwhile."""
        return self.filter(state=TopUpRule.State.IN_FLIGHT, lease_until__lte=now)


class TopUpRule(models.Model):
    """Buys a data pack when a line's data runs low, or adds money when a balance does.

    `next_index` numbers the purchases of this rule for good: (rule, index) is unique among orders, so that one dip
    is paid once, whoever looks. While an order of the rule is on its way, nothing else is bought.
    `max_times` and `max_amount` bound a calendar month in the line's zone (the owner's, for a balance).
    `wait_until` keeps a rule quiet: after a purchase until its data shows, between two attempts at a declined charge,
    and where a limit is reached until the month is over. `fence` grows with every claim.
    """

    class Kind(models.TextChoices):
        DATA = "data", _("data when it runs low")
        BALANCE = "balance", _("money when the balance runs low")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        IN_FLIGHT = "in_flight", _("being charged")
        PAUSED = "paused", _("paused")

    public_id = PublicIdField(prefix="tur")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="top_up_rules", verbose_name=_("owner")
    )
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="top_up_rules", verbose_name=_("line")
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="top_up_rules", verbose_name=_("data pack")
    )
    is_on = models.BooleanField(_("on"), default=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    low_percent = models.PositiveSmallIntegerField(
        _("when less is left than (percent)"), null=True, blank=True, help_text=_("For data.")
    )
    low_amount = models.BigIntegerField(
        _("when less is left than"), null=True, blank=True, help_text=_("For a balance; in the smallest unit.")
    )
    pay_from = models.CharField(_("paid from"), max_length=20, choices=Subscription.PayFrom.choices)
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="top_up_rules",
        verbose_name=_("payment method"),
    )
    currency = models.CharField(_("currency"), max_length=3)
    consent_amount = models.BigIntegerField(_("agreed price"))
    consent_terms = models.JSONField(_("agreed terms"), default=dict, blank=True)
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, related_name="top_up_rules", verbose_name=_("agreement in force")
    )
    max_times = models.PositiveSmallIntegerField(_("at most so often a month"))
    max_amount = models.BigIntegerField(_("at most so much a month"))
    next_index = models.PositiveIntegerField(_("next purchase"), default=1, editable=False)
    declines = models.PositiveSmallIntegerField(_("declines in a row"), default=0)
    wait_until = models.DateTimeField(_("not before"), null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(_("fence"), default=0, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, help_text=_("Why it stands as it does."))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = TopUpRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("top-up rule")
        verbose_name_plural = _("top-up rules")
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(kind="data"), name="top_up_rule_one_a_line"),
            models.UniqueConstraint(
                fields=["owner", "currency"], condition=Q(kind="balance"), name="top_up_rule_one_a_balance"
            ),
            models.CheckConstraint(
                condition=Q(kind="data", line__isnull=False, plan__isnull=False, low_percent__isnull=False)
                | Q(kind="balance", line__isnull=True, plan__isnull=True, low_amount__isnull=False),
                name="top_up_rule_names_what_runs_low",
            ),
            # A balance is not filled from itself.
            models.CheckConstraint(
                condition=Q(kind="data") | Q(pay_from="method", method__isnull=False),
                name="top_up_rule_balance_by_card",
            ),
        ]
        indexes = [
            # The tick walks each kind in this order.
            models.Index(fields=["kind", "id"], condition=Q(is_on=True, state="active"), name="top_up_rule_watching"),
            models.Index(fields=["lease_until", "id"], condition=Q(state="in_flight"), name="top_up_rule_in_flight"),
            models.Index(fields=["id"], condition=Q(declines__gt=0), name="top_up_rule_declined"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def agreed_price(self) -> Money:
        return Money(self.consent_amount, self.currency)

    @property
    def most_a_month(self) -> Money:
        return Money(self.max_amount, self.currency)

    @property
    def low_mark(self) -> Money | None:
        """Below which a balance is low; None for a rule about data."""
        return None if self.low_amount is None else Money(self.low_amount, self.currency)

    @property
    def zone(self) -> ZoneInfo:
        """Where the months of its limits begin."""
        return self.line.zone if self.line else self.owner.zone

    def held(self) -> TopUpRuleQuerySet:
        """This row, as long as our claim on it stands: to be moved on with `.held().update(…)`."""
        return TopUpRule.objects.filter(pk=self.pk, state=TopUpRule.State.IN_FLIGHT, fence=self.fence)
