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
