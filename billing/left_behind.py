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
from billing.models import Charge, LedgerAccount, Leftover, Order, OrderQuerySet, Refund
from billing.refundable import Part, parts_of
from portal.lib.money import Money
from portal.lib.one_by_one import one_by_one

BATCH = 100


def left_behind() -> QuerySet[LedgerAccount]:
    """Return the balances of closed accounts that hold something about which nobody has decided."""
    wallets = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET, balance__gt=0)
    decided = Leftover.objects.waiting().filter(account=OuterRef("pk"))
    return wallets.filter(Exists(AccountClosing.objects.gone().filter(user=OuterRef("owner"))), ~Exists(decided))


def goes_back(wallet: LedgerAccount) -> bool:
    """Tell whether a card that had paid some of it in has yet to be tried."""
    return any(_can_go_back(part) for order in _paid_in(wallet) for part in parts_of(order))


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
    return sum(_give_back(order_id, wallet, now=now) for order_id in _paid_in(wallet).values_list("pk", flat=True))


def _paid_in(wallet: LedgerAccount) -> OrderQuerySet:
    paid = Charge.objects.filter(order=OuterRef("pk"), state=Charge.State.SUCCEEDED)
    orders = Order.objects.filter(Exists(paid), owner=wallet.owner_id, currency=wallet.currency)
    return orders.order_by("-paid_at", "-pk")


@transaction.atomic
def _give_back(order_id: int, wallet: LedgerAccount, *, now: datetime) -> int:
    """Give back of one order's payments what its owner's balance holds of them; return how many refunds that takes."""
    order = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(pk=order_id)
    begun = 0
    for part in parts_of(order):
        left = ledger.locked_balance(user_id=order.owner_id, currency=wallet.currency)
        money = min(left, part.money)
        if money and _can_go_back(part):
            _begin(part, money, order=order, now=now)
            begun += 1
    return begun


def _can_go_back(part: Part) -> bool:
    """Tell whether a part is balance that a card had paid, and no refund of it is under way, or failed: staff's then."""
    if part.charge is None or part.taken_from != Refund.Source.WALLET:
        return False
    in_the_way = Refund.objects.filter(charge=part.charge, state__in=[*Refund.State.OPEN, Refund.State.FAILED])
    return not in_the_way.exists()


def _begin(part: Part, money: Money, *, order: Order, now: datetime) -> None:
    refund = refund_settlement.draft(
        part,
        order=order,
        money=money,
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.ACCOUNT_CLOSED,
        requested_by=None,
        now=now,
    )
    refund_settlement.begin_or_fail(refund, now=now)
