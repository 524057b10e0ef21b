"""The standing agreement to buy a plan for a line again."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.agreements import Agreement
from billing.models.methods import PaymentMethod
from esim.models import Line, ServiceState, SuspendedFor
from plans.models import Plan
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User
    from billing.models.orders import OrderQuerySet


NOT_NOTICED = Q(notice_for=None) | ~Q(notice_for=F("charge_due_at")) | ~Q(notice_amount=F("consent_amount"))
"""The next charge is another one than notices were planned for, whoever moved it."""

ANNOUNCED = Q(mode="automatic", phase="active")
TO_ANNOUNCE = ANNOUNCED & Q(state="active")
"""In mode ASK the question is the notice."""

WORKED_ON = Q(mode__in=["ask", "automatic"], phase__in=["active", "past_due"]) | Q(phase="in_flight")
"""What the scheduler looks for: what comes due, and what a worker has in hand, also where it was turned off since."""


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def owned_by(self, user: "User") -> "SubscriptionQuerySet":
        return self.filter(line__owner=user)

    def on(self) -> "SubscriptionQuerySet":
        """Those that renew, by themselves or after asking."""
        return self.filter(mode__in=Subscription.Mode.ON)

    def due(self, now: datetime) -> "SubscriptionQuerySet":
        """Those whose next charge, or question, is due and which no worker holds."""
        return self.on().filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            phase=Subscription.State.ACTIVE,
            state=Subscription.State.ACTIVE,
            charge_due_at__lte=now,
        )

    def to_retry(self, now: datetime) -> "SubscriptionQuerySet":
        """Declined ones whose next rung of the ladder is reached."""
        return self.on().filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            phase=Subscription.State.PAST_DUE,
            charge_due_at__lte=now,
        )

    def second_cards_turn(self, now: datetime) -> "SubscriptionQuerySet":
        """Those whose first card has just said no, and whose second one is to be tried at once."""
        return self.to_retry(now).filter(uses_backup=True)

    def to_plan_notices(self) -> "SubscriptionQuerySet":
        """Those whose next charge nobody has planned notices for; walks the index subscription_unnoticed."""
        return self.filter(TO_ANNOUNCE & NOT_NOTICED).order_by("id")

    def to_notice(self, now: datetime) -> "SubscriptionQuerySet":
        """Those with a charge to tell about; walks the index subscription_to_notice."""
        return self.filter(TO_ANNOUNCE, notice_due_at__lte=now).order_by("notice_due_at", "id")

    def to_foretell_notices(self, now: datetime) -> "SubscriptionQuerySet":
        """Those a sweep at `now` would look at, once it had planned what is not planned yet."""
        return self.filter(TO_ANNOUNCE & (NOT_NOTICED | Q(notice_due_at__lte=now)))

    def unpaid(self) -> "SubscriptionQuerySet":
        """Those whose payment was refused and is still wanted: turned off, skipped or paid, nothing is."""
        refused = Q(state=Subscription.State.PAST_DUE) | Q(
            state=Subscription.State.PAUSED, reason__startswith="declined:"
        )
        return self.filter(refused, suspend_due_at__isnull=False).exclude(mode=Subscription.Mode.OFF)

    def out_of_grace(self, now: datetime) -> "SubscriptionQuerySet":
        """Unpaid ones whose time of grace is over; while rungs are left, however late, it isn't."""
        return self.unpaid().filter(state=Subscription.State.PAUSED, suspend_due_at__lte=now)

    def to_suspend(self, now: datetime) -> "SubscriptionQuerySet":
        """Those out of grace, also where the line is suspended and that is not yet told."""
        in_service = Q(line__service_state=ServiceState.ACTIVE, line__service_change="")
        not_told = Q(line__service_state=ServiceState.SUSPENDED, line__suspended_for=SuspendedFor.UNPAID)
        return self.out_of_grace(now).filter(in_service | not_told)

    def put_off(self, now: datetime) -> "SubscriptionQuerySet":
        """Due ones that no worker has in hand: they wait for something else, and are looked at again after that."""
        return self.on().filter(
            phase__in=[Subscription.State.ACTIVE, Subscription.State.PAST_DUE],
            state__in=[Subscription.State.ACTIVE, Subscription.State.PAST_DUE],
            charge_due_at__lte=now,
            lease_until__gt=now,
        )

    def claimed(self, now: datetime) -> "SubscriptionQuerySet":
        """Those that a worker has claimed; walks the index subscription_due, as what is claimed was due."""
        return self.filter(WORKED_ON, state=Subscription.State.IN_FLIGHT, charge_due_at__lte=now)

    def in_flight(self, now: datetime) -> "SubscriptionQuerySet":
        """Claimed ones whose worker's lease ran out; also when auto-renewal was turned off meanwhile."""
        return self.claimed(now).filter(lease_until__lte=now)


class Subscription(models.Model):
    """Auto-renewal of one line.

    `anchor_at` never changes while renewals follow each other: ends are counted from it in the line's zone, so
    31 January renews on 28 February and then on 31 March. `period_index` is the next period to be bought; it only
    grows, also when the anchor moves, because (subscription, period_index) names a purchase for good.
    `consent_*` is what each charge is held against; `agreement` has the words it was agreed to in.
    `max_times` and `max_amount` bound what is charged by itself in a calendar month of the line's zone.
    In mode ASK a period is charged only once the subscriber said yes to it: `approved_index`. What is due at
    `charge_due_at` is then the question, its reminder or the end.
    `uses_backup`: the second card, which the subscriber allowed, is to be charged next, as the first one said no.
    From `notice_due_at` on the subscriber is told about the charge `notice_for` of `notice_amount`.
    From `suspend_due_at` on a line whose renewal stays unpaid is suspended.
    `fence` grows with every claim; a worker whose lease ran out can no longer write.
    `phase` is the state but for "in flight", which it calls active until auto-renewal is turned off. The indexes know
    this one: so a claim changes nothing they hold, and PostgreSQL writes none of them anew for it (a heap-only tuple).
    """

    class Mode(models.TextChoices):
        OFF = "off", _("off")
        ASK = "ask", _("ask me first")
        AUTOMATIC = "automatic", _("automatic")

        ON = nonmember(("ask", "automatic"))

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        IN_FLIGHT = "in_flight", _("being charged")
        PAST_DUE = "past_due", _("payment declined")
        PAUSED = "paused", _("paused")

        PAUSABLE = nonmember(frozenset({"active", "past_due"}))

    class PayFrom(models.TextChoices):
        METHOD = "method", _("saved card")
        WALLET = "wallet", _("balance")
        WALLET_THEN_METHOD = "wallet_then_method", _("balance first, then the saved card")

    public_id = PublicIdField(prefix="sub")
    line = models.OneToOneField(Line, on_delete=models.PROTECT, related_name="subscription", verbose_name=_("line"))
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, db_index=False, related_name="subscriptions", verbose_name=_("plan")
    )
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.OFF)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    phase = models.GeneratedField(
        verbose_name=_("phase"),
        expression=Case(
            When(state="in_flight", mode__in=["ask", "automatic"], then=Value("active")), default=F("state")
        ),
        output_field=models.CharField(max_length=10),
        db_persist=True,
    )
    pay_from = models.CharField(_("paid from"), max_length=20, choices=PayFrom.choices, default=PayFrom.METHOD)
    method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="subscriptions",
        verbose_name=_("payment method"),
    )
    backup_method = models.ForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="backed_up_subscriptions",
        verbose_name=_("second card"),
    )
    uses_backup = models.BooleanField(_("second card's turn"), default=False, editable=False)
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
    agreement = models.ForeignKey(
        Agreement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="subscriptions",
        verbose_name=_("agreement in force"),
    )
    max_times = models.PositiveSmallIntegerField(_("at most so often a month"), null=True, blank=True)
    max_amount = models.BigIntegerField(_("at most so much a month"), null=True, blank=True)
    asked_index = models.PositiveIntegerField(_("asked about period"), null=True, blank=True, editable=False)
    approved_index = models.PositiveIntegerField(_("said yes to period"), null=True, blank=True, editable=False)
    notice_due_at = models.DateTimeField(_("next notice"), null=True, blank=True, editable=False)
    notice_for = models.DateTimeField(_("notices are about the charge of"), null=True, blank=True, editable=False)
    notice_amount = models.BigIntegerField(_("notices say"), null=True, blank=True, editable=False)
    suspend_due_at = models.DateTimeField(_("suspend from"), null=True, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, help_text=_("Why it stands as it does."))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
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
                condition=Q(mode="off") | Q(agreement__isnull=False), name="subscription_has_consent"
            ),
        ]
        indexes = [
            # Claims walk in this order; see SubscriptionQuerySet.due, to_retry and claimed.
            models.Index(fields=["charge_due_at", "id"], condition=WORKED_ON, name="subscription_due"),
            # The staff's board counts these; what is in order does not touch it.
            models.Index(
                fields=["phase", "reason", "declines"],
                condition=Q(phase__in=["past_due", "paused"]),
                name="subscription_stands_still",
            ),
            models.Index(
                fields=["backup_method"],
                condition=Q(backup_method__isnull=False),
                name="subscription_by_second_card",
            ),
            models.Index(
                fields=["suspend_due_at", "id"],
                condition=Q(suspend_due_at__isnull=False),
                name="subscription_to_suspend",
            ),
            models.Index(fields=["id"], condition=ANNOUNCED & NOT_NOTICED, name="subscription_unnoticed"),
            models.Index(
                fields=["notice_due_at", "id"],
                condition=ANNOUNCED & Q(notice_due_at__isnull=False),
                name="subscription_to_notice",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def agreed_price(self) -> Money:
        return Money(self.consent_amount, self.currency)

    @property
    def second_card(self) -> PaymentMethod | None:
        """The card to be tried where the first one says no; None where none was allowed, or it is gone."""
        allowed = self.backup_method if self.pay_from != Subscription.PayFrom.WALLET else None
        return allowed if allowed is not None and allowed.removed_at is None else None

    @property
    def paying_method(self) -> PaymentMethod | None:
        """The card that the next attempt is made with."""
        return (self.second_card if self.uses_backup else None) or self.method

    @property
    def asks_first(self) -> bool:
        return self.mode == Subscription.Mode.ASK

    @property
    def is_unpaid(self) -> bool:
        """As in SubscriptionQuerySet.unpaid, for one row."""
        refused = self.state == Subscription.State.PAST_DUE or (
            self.state == Subscription.State.PAUSED and self.reason.startswith("declined:")
        )
        return refused and self.suspend_due_at is not None and self.mode != Subscription.Mode.OFF

    def placed(self) -> "OrderQuerySet":
        """Return the orders it placed, by the index of their line: none has been made of auto-renewals."""
        return self.orders.filter(line=self.line_id)

    def held(self) -> SubscriptionQuerySet:
        """This row, as long as our claim on it stands: to be moved on with `.held().update(…)`."""
        return Subscription.objects.filter(pk=self.pk, state=Subscription.State.IN_FLIGHT, fence=self.fence)
