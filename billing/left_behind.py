"""Money that comes to a balance after its account was closed: it goes back to where that person's money came from.

Whatever brought it: a late payment, an order for somebody else's line that could not be delivered, a refund that failed.
Nobody is there any more to spend it, and it was not given up with the rest. What no card of theirs had paid in is for
staff, whose front page counts it: `leftovers` clears it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import AccountClosing
from billing import ledger, refund_settlement
from billing.cards_of_balance import draft_for_card, paid_in, parts_for_cards
from billing.models import LedgerAccount, Leftover, Order, Refund
from portal.lib.one_by_one import one_by_one

BATCH = 100


def left_behind() -> QuerySet[LedgerAccount]:
    """Return the balances of closed accounts that hold something about which nobody has decided."""
    wallets = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET, balance__gt=0)
    decided = Leftover.objects.waiting().filter(account=OuterRef("pk"))
    return wallets.filter(Exists(AccountClosing.objects.gone().filter(user=OuterRef("owner"))), ~Exists(decided))


def goes_back(wallet: LedgerAccount) -> bool:
    """Tell whether a card that had paid some of it in has yet to be tried."""
    return any(parts_for_cards(order) for order in paid_in(wallet))


def send_back(*, now: datetime) -> int:
    """Begin to give back what can be, the latest payment first, and return how many refunds were begun."""
    # In any order: balances that wait for staff would otherwise stand in the way of those that can go back.
    sent = one_by_one(
        left_behind().order_by("?")[:BATCH],
        lambda wallet: _empty(wallet, now=now),
        what="Emptying the balance of a closed account",
        about=lambda wallet: {"account": wallet},
    )
    return sum(sent)


def _empty(wallet: LedgerAccount, *, now: datetime) -> int:
    return sum(_give_back(order_id, wallet, now=now) for order_id in paid_in(wallet).values_list("pk", flat=True))


@transaction.atomic
def _give_back(order_id: int, wallet: LedgerAccount, *, now: datetime) -> int:
    """Give back of one order's payments what its owner's balance holds of them; return how many refunds that takes."""
    order = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(pk=order_id)
    begun = 0
    for part in parts_for_cards(order):
        left = ledger.locked_balance(user_id=order.owner_id, currency=wallet.currency)
        if money := min(left, part.money):
            refund = draft_for_card(part, money, order=order, reason=Refund.Reason.ACCOUNT_CLOSED, now=now)
            refund_settlement.begin_or_fail(refund, now=now)
            begun += 1
    return begun
