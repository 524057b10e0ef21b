"""Movements of a balance as its owner reads them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import LedgerAccount, LedgerEntry, Order
from portal.lib.money import Money

Kind = LedgerEntry.Kind

WORDS = {
    Kind.RESERVED: _("Paid from your balance"),
    Kind.RELEASED: _("Given back: the order was not completed"),
    Kind.CREDITED: _("Added"),
    Kind.RETURNED: _("Money returned"),
    Kind.OPENING: _("Opening balance"),
    Kind.REFUNDING: _("Going back the way it was paid"),
    Kind.REFUNDED: _("Refund"),
    Kind.PAID_OUT: _("Paid out to you"),
    Kind.PUT_BACK: _("Back here: the transfer to you did not arrive"),
    Kind.UNREFUNDED: _("Back here: the refund did not arrive"),
    Kind.FROZEN: _("Held: the payment is disputed"),
    Kind.REWARDED: _("Thank-you for an invitation"),
    Kind.UNREWARDED: _("Thank-you taken back: the purchase was given back"),
    Kind.UNFROZEN: _("Free again"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    at: datetime
    what: str | Promise
    money: Money
    order: Order | None

    @property
    def is_income(self) -> bool:
        return not self.money.is_negative


def movement_of(entry: LedgerEntry) -> Movement:
    """Turn a movement between accounts into one of the balance: what comes in is positive."""
    comes_in = entry.credit_account.kind == LedgerAccount.Kind.WALLET
    return Movement(
        at=entry.at,
        what=WORDS.get(Kind(entry.kind), Kind(entry.kind).label),
        money=entry.money if comes_in else -entry.money,
        order=entry.order,
    )
