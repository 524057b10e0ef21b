"""What staff make of money that a closed account left behind, and no card takes back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.two_people import REQUESTED, WAITS, TwoPeopleQuerySet, TwoPeopleRequest
from billing.models.ledger import LedgerAccount
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField


class LeftoverQuerySet(TwoPeopleQuerySet["Leftover"]):
    def cleared(self) -> "LeftoverQuerySet":
        """Those whose money has left the balance."""
        return self.filter(state=Leftover.State.CLEARED)


class Leftover(TwoPeopleRequest):
    """All that a closed account's balance held when staff cleared it, or asked to.

    REQUESTED waits until a second person agrees, where one has to; until then the money stays where it is.
    """

    class Way(models.TextChoices):
        WRITTEN_OFF = "written_off", _("written off")
        BY_HAND = "by_hand", _("paid out by hand")

    class State(models.TextChoices):
        REQUESTED = WAITS
        CLEARED = "cleared", _("cleared")
        REFUSED = "refused", _("refused")

    public_id = PublicIdField(prefix="lft")
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="leftovers", verbose_name=_("ledger account")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    way = models.CharField(_("way"), max_length=11, choices=Way.choices)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.REQUESTED)

    objects = LeftoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("leftover balance")
        verbose_name_plural = _("leftover balances")
        permissions = [("approve_leftover", "Can approve clearing leftover balances as others requested")]
        constraints = [
            *TwoPeopleRequest.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="leftover_amount_positive"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state=REQUESTED), name="leftover_one_open_an_account"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
