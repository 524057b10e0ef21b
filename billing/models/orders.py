"""One purchase."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models.agreements import Agreement
from billing.models.subscriptions import Subscription
from billing.models.top_ups import TopUpRule
from esim.models import Line
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


OPEN = Q(phase="open")
CALLED_OFF = Q(phase__in=["expired", "cancelled", "undeliverable"])


class OrderQuerySet(models.QuerySet["Order"]):
    def owned_by(self, user: "User") -> "OrderQuerySet":
        return self.filter(owner=user)

    def to_fulfil(self, now: datetime) -> "OrderQuerySet":
        """Paid orders nobody works on, and those whose worker's lease ran out."""
        return self.filter(
            Q(state=Order.State.PAID, fulfil_due_at__lte=now) | Q(state=Order.State.FULFILLING, lease_until__lte=now),
            OPEN,
        )

    def being_delivered(self) -> "OrderQuerySet":
        """Paid orders on their way to the network; not those that wait their turn because their buyer wishes so."""
        return self.filter(OPEN, state__in=sorted(Order.State.IN_FLIGHT)).exclude(queued_plan__state="waiting")

    def late(self, since: datetime) -> "OrderQuerySet":
        """Those that should have been delivered since then; of what waited its turn, the time counts from its turn."""
        return self.being_delivered().filter(paid_at__lte=since).exclude(queued_plan__decided_at__gt=since)

    def to_invoice(self) -> "OrderQuerySet":
        """Delivered orders whose invoice is not issued yet; what is never delivered is never invoiced."""
        return self.filter(phase__in=Order.State.DELIVERED, is_invoiced=False, confirmed_at__isnull=False)

    def to_take_back(self, now: datetime) -> "OrderQuerySet":
        """Orders being taken back on which nobody works."""
        return self.filter(phase=Order.State.TAKING_BACK, lease_until__lte=now)

    def unpaid_past_deadline(self, now: datetime) -> "OrderQuerySet":
        return self.filter(OPEN, state=Order.State.PENDING, expires_at__lte=now)

    def still_to_pay(self, now: datetime) -> "OrderQuerySet":
        """Orders that somebody began, and may go on with."""
        return self.filter(state=Order.State.PENDING, expires_at__gt=now)

    def to_end(self, now: datetime) -> "OrderQuerySet":
        """Unpaid orders past their deadline, but those whose payment could not be closed a moment ago."""
        return self.unpaid_past_deadline(now).filter(Q(end_due_at=None) | Q(end_due_at__lte=now))


class Order(models.Model):
    """One purchase; it copies plan name, terms and price, so nothing edited later changes what was sold.

    `form_key` is minted when the form is rendered: the same form sent twice is one order.
    (subscription, period_index) is unique: a period is bought once, whoever asks; so is (top_up_rule, top_up_index).
    `trigger` is what set it off, `agreement` what it was placed under when nobody clicked.
    `starts_at` and `ends_at` are settled before the network is asked, so that asking again asks for the same.
    `phase` is the state but for what is open: to be paid, paid or being delivered. The indexes know this one, and
    none knows what changes when money comes in: so that writes none of them anew (a heap-only tuple in PostgreSQL).
    `fulfil_attempts` grows with every claim and is the fence: a worker whose lease ran out can no longer write.
    """

    class Kind(models.TextChoices):
        NEW_LINE = "new_line", _("new line")
        RENEWAL = "renewal", _("renewal")
        TOP_UP = "top_up", _("data top-up")
        CREDIT = "credit", _("balance top-up")
        ARREARS = "arrears", _("arrears")

        BY_PAYING = nonmember(frozenset({"credit", "arrears"}))
        """Nothing is bought: there is no plan, and being paid is all there is to deliver."""

    class Trigger(models.TextChoices):
        CLICK = "click", _("bought by hand")
        EXPIRY = "expiry", _("the paid time ends")
        ANSWER = "answer", _("the subscriber said yes")
        LOW_DATA = "low_data", _("data ran low")
        LOW_BALANCE = "low_balance", _("the balance ran low")

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for payment")
        PAID = "paid", _("paid")
        FULFILLING = "fulfilling", _("sent to the network")
        FULFILLED = "fulfilled", _("confirmed")
        UNDELIVERABLE = "undeliverable", _("could not be delivered; money returned")
        TAKING_BACK = "taking_back", _("being taken back")
        REFUNDED = "refunded", _("taken back; money returned")
        EXPIRED = "expired", _("not paid in time")
        CANCELLED = "cancelled", _("cancelled")

        IN_FLIGHT = nonmember(frozenset({"paid", "fulfilling"}))
        DELIVERED = nonmember(frozenset({"fulfilled", "taking_back", "refunded"}))
        OVER = nonmember(frozenset({"fulfilled", "undeliverable", "refunded", "expired", "cancelled"}))

    public_id = PublicIdField(prefix="ord")
    # Most indexes below are written anew when an order moves on: none that another one begins with, or nobody walks.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="orders",
        verbose_name=_("owner"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=14, choices=State.choices, default=State.PENDING)
    phase = models.GeneratedField(
        verbose_name=_("phase"),
        expression=Case(When(state__in=["pending", "paid", "fulfilling"], then=Value("open")), default=F("state")),
        output_field=models.CharField(max_length=14),
        db_persist=True,
    )
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("line")
    )
    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="orders",
        verbose_name=_("plan"),
    )
    plan_terms = models.JSONField(_("what was sold"), default=dict, help_text=_("Name and terms of the plan, copied."))
    nickname = models.CharField(_("name for the new line"), max_length=40, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("total"), help_text=_("In the smallest unit of the currency."))
    wallet_amount = models.BigIntegerField(_("from the balance"), default=0)
    refunded_wallet_amount = models.BigIntegerField(_("given back to the balance"), default=0)
    form_key = models.CharField(_("form key"), max_length=64, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # found by its line
        related_name="orders",
        verbose_name=_("auto-renewal"),
    )
    period_index = models.PositiveIntegerField(_("period"), null=True, blank=True)
    top_up_rule = models.ForeignKey(
        TopUpRule,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="orders",
        verbose_name=_("top-up rule"),
    )
    top_up_index = models.PositiveIntegerField(_("purchase of the rule"), null=True, blank=True, editable=False)
    trigger = models.CharField(_("set off by"), max_length=12, choices=Trigger.choices, default=Trigger.CLICK)
    agreement = models.ForeignKey(
        Agreement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="orders",
        verbose_name=_("agreed to"),
    )
    starts_at = models.DateTimeField(_("period starts"), null=True, blank=True, editable=False)
    ends_at = models.DateTimeField(_("period ends"), null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    fulfil_due_at = models.DateTimeField(_("fulfil from"), null=True, blank=True, editable=False)
    fulfil_attempts = models.PositiveSmallIntegerField(_("fulfilment attempts"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("to be paid by"))
    end_due_at = models.DateTimeField(_("try to end from"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent to the network"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    is_invoiced = models.BooleanField(_("invoiced"), default=False, editable=False)
    note = models.CharField(_("note"), max_length=300, blank=True, help_text=_("Why it stands as it does, for staff."))

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["owner", "form_key"], name="order_one_a_form"),
            models.UniqueConstraint(
                fields=["subscription", "period_index"],
                condition=Q(subscription__isnull=False) & ~CALLED_OFF,
                name="order_one_a_period",
            ),
            models.UniqueConstraint(
                fields=["top_up_rule", "top_up_index"],
                condition=Q(top_up_rule__isnull=False) & ~CALLED_OFF,
                name="order_one_a_top_up",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="order_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(wallet_amount__gte=0) & Q(wallet_amount__lte=F("amount")), name="order_wallet_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(refunded_wallet_amount__gte=0) & Q(refunded_wallet_amount__lte=F("wallet_amount")),
                name="order_refunds_within_wallet_part",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "fulfilling", "fulfilled", "taking_back", "refunded"])
                | Q(paid_at__isnull=False),
                name="order_paid_has_time",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["arrears", "credit"], plan__isnull=True)
                | (~Q(kind__in=["arrears", "credit"]) & Q(plan__isnull=False)),
                name="order_names_plan",
            ),
        ]
        indexes = [
            models.Index(
                fields=["top_up_rule", "top_up_index"],
                condition=Q(top_up_rule__isnull=False),
                name="order_by_top_up_rule",
            ),
            BrinIndex(fields=["created_at"], name="order_by_time"),
            # One for all that is to be paid, delivered or ended: there are few at a time.
            models.Index(fields=["expires_at", "id"], condition=OPEN, name="order_open"),
            models.Index(fields=["id"], condition=Q(phase="taking_back"), name="order_to_take_back"),
            models.Index(
                fields=["confirmed_at", "id"],
                condition=Q(phase__in=["fulfilled", "taking_back", "refunded"], is_invoiced=False),
                name="order_to_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_over(self) -> bool:
        return self.state in Order.State.OVER

    @property
    def waits_its_turn(self) -> bool:
        """Whether it is paid for, and is to be delivered once the plans before it have ended."""
        return self.state == Order.State.PAID and self.fulfil_due_at is None

    @property
    def standing(self) -> str:
        """Where it stands in a word, for lists."""
        return gettext("paid, waits its turn") if self.waits_its_turn else str(Order.State(self.state).label)

    @property
    def is_to_invoice(self) -> bool:
        return self.state in Order.State.DELIVERED and self.confirmed_at is not None and not self.is_invoiced

    @property
    def bought_plan(self) -> Plan:
        """The plan that is delivered; a balance top-up has none and is never delivered."""
        if self.plan is None:
            raise ValueError(f"{self} buys no plan.")
        return self.plan

    @property
    def sold_label(self) -> str:
        """What was sold, in the active language; empty where nothing was."""
        return PlanTerms.from_json(self.plan_terms).label if self.plan_terms else ""

    @property
    def total(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def wallet_part(self) -> Money:
        return Money(self.wallet_amount, self.currency)

    @property
    def refunded_wallet_part(self) -> Money:
        return Money(self.refunded_wallet_amount, self.currency)

    @property
    def to_charge(self) -> Money:
        """What the card (or another outside method) has to pay."""
        return Money(self.amount - self.wallet_amount, self.currency)
