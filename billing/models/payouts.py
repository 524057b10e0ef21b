"""Balance that somebody gets back in money, while they keep their account."""

from enum import nonmember
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.two_people import REQUESTED, WAITS, TwoPeopleQuerySet, TwoPeopleRequest
from billing.models.ledger import LedgerAccount
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class PayoutQuerySet(TwoPeopleQuerySet["Payout"]):
    def owned_by(self, user: "User") -> "PayoutQuerySet":
        return self.filter(account__owner=user)

    def open(self) -> "PayoutQuerySet":
        """Those on which somebody has to do something yet."""
        return self.filter(state__in=[Payout.State.REQUESTED, Payout.State.TO_TRANSFER])

    def paid(self) -> "PayoutQuerySet":
        """Those whose money has left the balance, and stays away as far as it was to be transferred."""
        return self.filter(state__in=[Payout.State.TO_TRANSFER, Payout.State.DONE])


class Payout(TwoPeopleRequest):
    """Part or all of a balance that goes back to its owner: to the cards that had paid it in, and the rest by hand.

    REQUESTED waits until a second person agrees, where one has to; until then the money stays where it is. Then refunds
    take to the cards what these can have (`refunds`), and `by_hand_amount` is set aside: TO_TRANSFER until staff wrote
    down the reference of their bank. RETURNED is what the bank could not deliver, back in the balance.
    """

    class State(models.TextChoices):
        REQUESTED = WAITS
        TO_TRANSFER = "to_transfer", _("to be transferred by hand")
        DONE = "done", _("paid out")
        REFUSED = "refused", _("refused")
        RETURNED = "returned", _("transfer came back")

        TRANSFERRED = nonmember(frozenset({"to_transfer", "done"}))

    public_id = PublicIdField(prefix="pyt")
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("ledger account")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    by_hand_amount = models.BigIntegerField(_("by hand"), default=0, help_text=_("What no card takes back."))
    state = models.CharField(_("state"), max_length=11, choices=State.choices, default=State.REQUESTED)
    reference = models.CharField(_("reference of the bank"), max_length=100, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout of a balance")
        verbose_name_plural = _("payouts of balances")
        permissions = [("approve_payout", "Can approve payouts of balances as others requested")]
        constraints = [
            *TwoPeopleRequest.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(
                condition=Q(by_hand_amount__gte=0, by_hand_amount__lte=F("amount")), name="payout_by_hand_is_part"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["to_transfer", "returned"]) | Q(by_hand_amount__gt=0),
                name="payout_transfer_of_something",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(by_hand_amount=0) | ~Q(reference=""), name="payout_done_is_proven"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state=REQUESTED), name="payout_one_open_an_account"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def by_hand(self) -> Money:
        return Money(self.by_hand_amount, self.currency)
