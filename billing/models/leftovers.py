"""What staff make of money that a closed account left behind, and no card takes back."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.ledger import LedgerAccount
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField


class LeftoverQuerySet(models.QuerySet["Leftover"]):
    def waiting(self) -> "LeftoverQuerySet":
        """Those on which a second person has not decided."""
        return self.filter(state=Leftover.State.REQUESTED)

    def cleared(self) -> "LeftoverQuerySet":
        """Those whose money has left the balance."""
        return self.filter(state=Leftover.State.CLEARED)


class Leftover(models.Model):
    """All that a closed account's balance held when staff cleared it, or asked to.

    REQUESTED waits until a second person agrees, where one has to; until then the money stays where it is.
    """

    class Way(models.TextChoices):
        WRITTEN_OFF = "written_off", _("written off")
        BY_HAND = "by_hand", _("paid out by hand")

    class State(models.TextChoices):
        REQUESTED = "requested", _("waits for a second person")
        CLEARED = "cleared", _("cleared")
        REFUSED = "refused", _("refused")

    public_id = PublicIdField(prefix="lft")
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="leftovers", verbose_name=_("ledger account")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    way = models.CharField(_("way"), max_length=11, choices=Way.choices)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.REQUESTED)
    refusal = models.CharField(_("why it was refused"), max_length=100, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        help_text=_("The second person, where there was one."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = LeftoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("leftover balance")
        verbose_name_plural = _("leftover balances")
        permissions = [("approve_leftover", "Can approve clearing leftover balances as others requested")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="leftover_amount_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="leftover_has_a_reason"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="requested"), name="leftover_one_open_an_account"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="leftover_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state="requested", decided_at__isnull=True)
                | Q(state__in=["cleared", "refused"], decided_at__isnull=False),
                name="leftover_decision_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
