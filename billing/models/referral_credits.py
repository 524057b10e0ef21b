"""What it earns to bring somebody along."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from accounts.models import Referral
from billing.models.orders import Order
from portal.lib.money import Money


class ReferralReward(models.Model):
    """How much both get in a currency; without a row, or switched off, nobody gets anything."""

    currency = models.CharField(_("currency"), max_length=3, unique=True)
    referrer_amount = models.BigIntegerField(
        _("who invited gets"), help_text=_("In the smallest unit of the currency.")
    )
    newcomer_amount = models.BigIntegerField(_("who was invited gets"))
    is_on = models.BooleanField(_("on"), default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("referral reward")
        verbose_name_plural = _("referral rewards")
        constraints = [
            models.CheckConstraint(
                condition=Q(referrer_amount__gt=0, newcomer_amount__gt=0), name="referral_reward_positive"
            )
        ]

    def __str__(self) -> str:
        return self.currency

    def clean(self) -> None:
        """Refuse a currency in which nobody pays."""
        if self.currency not in settings.PORTAL_CURRENCIES:
            offered = ", ".join(settings.PORTAL_CURRENCIES)
            raise ValidationError({"currency": _("Choose one of these: %(currencies)s.") % {"currencies": offered}})

    @property
    def for_referrer(self) -> Money:
        return Money(self.referrer_amount, self.currency)

    @property
    def for_newcomer(self) -> Money:
        return Money(self.newcomer_amount, self.currency)


class ReferralCredit(models.Model):
    """What became of a referral: credit to both, or why not. One row a referral, so it is earned once.

    Whose account was closed meanwhile gets nothing, and the other one all the same.
    REVERSED is taken back from both, as far as it was not spent, because the purchase went back after all.
    Without a row it is undecided: the newcomer bought nothing, or the time in which it can be given back still runs.
    """

    class State(models.TextChoices):
        GRANTED = "granted", pgettext_lazy("a reward", "credited")
        REFUSED = "refused", _("refused")
        REVERSED = "reversed", _("taken back")

    class Reason(models.TextChoices):
        SAME_MAILBOX = "same_mailbox", _("the same mailbox in another spelling")
        SAME_DEVICE = "same_device", _("registered on a device of another account")
        SAME_CARD = "same_card", _("paid with a card of another account")
        SAME_PHONE = "same_phone", _("the same mobile number as another account")
        GIVEN_BACK = "given_back", _("the purchase was given back")
        NOT_OFFERED = "not_offered", _("no reward in this currency")
        ACCOUNT_CLOSED = "account_closed", _("both accounts are closed")

    referral = models.OneToOneField(
        Referral, on_delete=models.PROTECT, related_name="credit", verbose_name=_("referral")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    reason = models.CharField(_("why not"), max_length=14, choices=Reason.choices, blank=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("first purchase")
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    referrer_amount = models.BigIntegerField(_("who invited got"), default=0)
    newcomer_amount = models.BigIntegerField(_("who was invited got"), default=0)
    decided_at = models.DateTimeField(_("decided"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("referral credit")
        verbose_name_plural = _("referral credits")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["granted", "reversed"], reason="", order__isnull=False)
                & (Q(referrer_amount__gt=0) | Q(newcomer_amount__gt=0))
                | (Q(state="refused", referrer_amount=0, newcomer_amount=0) & ~Q(reason="")),
                name="referral_credit_or_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.referral_id}: {self.state}"

    @property
    def for_referrer(self) -> Money | None:
        return Money(self.referrer_amount, self.currency) if self.currency else None

    @property
    def for_newcomer(self) -> Money | None:
        return Money(self.newcomer_amount, self.currency) if self.currency else None


class SeenCard(models.Model):
    """A card that somebody paid with, by a keyed hash of what the gateway knows it by: never its number."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+", verbose_name=_("owner")
    )
    fingerprint = models.CharField(_("fingerprint"), max_length=64, db_index=True)
    seen_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("seen card")
        verbose_name_plural = _("seen cards")
        constraints = [models.UniqueConstraint(fields=["owner", "fingerprint"], name="seen_card_once")]

    def __str__(self) -> str:
        return self.fingerprint[:8]
