"""What the sandbox gateway remembers: it plays the outside world, so our own money rows never point here."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.money import Money


class SandboxCard(models.Model):
    """A test card the sandbox keeps; `outcome` is what charging it will do."""

    reference = models.CharField(_("reference"), max_length=40, unique=True)
    customer = models.CharField(_("customer"), max_length=40)
    brand = models.CharField(_("brand"), max_length=20)
    last_four = models.CharField(_("last four digits"), max_length=4)
    expires_month = models.PositiveSmallIntegerField(_("expiry month"))
    expires_year = models.PositiveSmallIntegerField(_("expiry year"))
    outcome = models.CharField(_("outcome"), max_length=40)

    class Meta:
        verbose_name = _("sandbox card")
        verbose_name_plural = _("sandbox cards")

    def __str__(self) -> str:
        return f"{self.brand} {self.last_four}"


class SandboxPayment(models.Model):
    """One payment at the sandbox; `idempotency_key` is unique, so asking twice is one payment."""

    class Purpose(models.TextChoices):
        PAYMENT = "payment", _("payment")
        CARD = "card", _("keeping a card")

    class State(models.TextChoices):
        PREPARED = "prepared", _("prepared")
        OPEN = "open", _("page open")
        PROCESSING = "processing", _("paid later")
        NEEDS_AUTHENTICATION = "needs_authentication", _("needs authentication")
        SUCCEEDED = "succeeded", _("paid")
        DECLINED = "declined", _("declined")
        ABANDONED = "abandoned", _("abandoned")

    reference = models.CharField(_("reference"), max_length=40, unique=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=80, unique=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices, default=Purpose.PAYMENT)
    customer = models.CharField(_("customer"), max_length=40, blank=True)
    description = models.CharField(_("description"), max_length=200, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.OPEN)
    decline_code = models.CharField(_("decline code"), max_length=60, blank=True)
    keep_card = models.BooleanField(_("keep the card"), default=False)
    card = models.ForeignKey(SandboxCard, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    last_four = models.CharField(_("last four digits of what paid"), max_length=4, blank=True)
    return_url = models.CharField(_("return address"), max_length=500, blank=True)
    completes_at = models.DateTimeField(_("completes"), null=True, blank=True)
    notified_state = models.CharField(_("state last called back"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    moved_at = models.DateTimeField(_("in this state since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sandbox payment")
        verbose_name_plural = _("sandbox payments")
        constraints = [models.CheckConstraint(condition=models.Q(amount__gte=0), name="sandbox_amount_not_negative")]

    def __str__(self) -> str:
        return self.reference

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class SandboxRefund(models.Model):
    """Money a payer got back; `idempotency_key` is unique, so asking twice is one refund."""

    class State(models.TextChoices):
        PROCESSING = "processing", _("on its way")
        SUCCEEDED = "succeeded", _("given back")
        FAILED = "failed", _("failed")

    reference = models.CharField(_("reference"), max_length=40, unique=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=80, unique=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=20, choices=State.choices)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    completes_at = models.DateTimeField(_("completes"), null=True, blank=True)
    notified_state = models.CharField(_("state last called back"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    moved_at = models.DateTimeField(_("in this state since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sandbox refund")
        verbose_name_plural = _("sandbox refunds")
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="sandbox_refund_positive")]

    def __str__(self) -> str:
        return self.reference

    @property
    def money(self) -> Money:
        return Money(self.amount, self.payment.currency)


class SandboxDispute(models.Model):
    """A payer who told the bank that a payment was wrong."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    reference = models.CharField(_("reference"), max_length=40, unique=True)
    payment = models.OneToOneField(SandboxPayment, on_delete=models.PROTECT, related_name="dispute")
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.OPEN)
    is_withdrawn = models.BooleanField(_("money withdrawn"), default=True)
    respond_by = models.DateTimeField(_("answer by"))
    notified_state = models.CharField(_("state last called back"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    moved_at = models.DateTimeField(_("in this state since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sandbox dispute")
        verbose_name_plural = _("sandbox disputes")
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="sandbox_dispute_positive")]

    def __str__(self) -> str:
        return self.reference

    @property
    def money(self) -> Money:
        return Money(self.amount, self.payment.currency)
