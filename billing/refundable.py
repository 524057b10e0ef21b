"""What can still be given back of what was paid, and keeping it free for one refund.

Functions that write run inside the caller's transaction, which holds the order.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.two_people import NotDone
from billing.models import Charge, Dispute, LedgerEntry, Order, Refund
from portal.lib.money import Money

Source = Refund.Source
DELIVERED = frozenset({Order.State.FULFILLED, Order.State.TAKING_BACK, Order.State.REFUNDED})


class CannotGiveBack(NotDone):
    """Nothing was changed; `sentence` says why."""


class MoreThanWasPaid(CannotGiveBack):
    """So much was not paid, or was given back already, or the bank has it; nothing was changed."""

    sentence = _("Less than that is left to give back of what was paid. Nothing was changed.")


class RefundUnderWay(CannotGiveBack):
    """One refund of a charge at a time: two on their way could both be late, and nobody would know what is left."""

    sentence = _("Another refund of this payment is under way. Wait until it is finished.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One source of what was paid, with what is left of it: a charge or, where that is None, the balance."""

    charge: Charge | None
    money: Money
    taken_from: Source = Source.SALES


def parts_of(order: Order) -> list[Part]:
    """Return what can be given back, charges first; not what a bank has taken because of a dispute."""
    paid = list(order.charges.filter(state=Charge.State.SUCCEEDED).select_related("method").order_by("pk"))
    ours = _left_by_banks(paid)
    parts = [
        Part(charge=charge, money=ours[charge.pk] - charge.refunded, taken_from=source)
        for charge in paid
        if ours[charge.pk] > charge.refunded and (source := source_of(charge, order=order)) is not None
    ]
    if order.state in DELIVERED and order.kind != Order.Kind.ARREARS:
        parts.append(Part(charge=None, money=order.wallet_part - order.refunded_wallet_part))
    return [part for part in parts if part.money]


def source_of(charge: Charge, *, order: Order) -> Source | None:
    """Return where in the books the money of a charge is; None while its order is being delivered, and for a debt."""
    kept = LedgerEntry.objects.kept_as_balance(charge)
    if order.kind == Order.Kind.ARREARS and not kept.exists():
        # What was owed was owed: it made good a loss, and is not given back.
        return None
    if order.kind == Order.Kind.CREDIT or order.state == Order.State.UNDELIVERABLE or kept.exists():
        return Source.WALLET
    return Source.SALES if order.state in DELIVERED else None


def is_with_a_bank(charge: Charge) -> bool:
    """Tell whether more of a charge is given back, or about to be, than banks leave to us."""
    charge = Charge.objects.get(pk=charge.pk)
    return charge.refunded > _left_by_banks([charge])[charge.pk]


def _left_by_banks(charges: Collection[Charge]) -> dict[int, Money]:
    """Return, by id, how much of each charge no bank has.

    Of a lost dispute that is all but what was disputed. While one is undecided it is nothing: gateways refuse to give
    back any of such a charge. One query.
    """
    left = {charge.pk: charge.money for charge in charges}
    for dispute in Dispute.objects.holding_the_money().filter(charge__in=left):
        of_charge = left[dispute.charge_id]
        is_lost = dispute.state == Dispute.State.LOST and dispute.currency == of_charge.currency
        taken = min(of_charge, dispute.money) if is_lost else of_charge
        left[dispute.charge_id] = of_charge - taken
    return left


def is_being_refunded(order: Order, charge: Charge | None) -> bool:
    return Refund.objects.filter(order=order, charge=charge, state__in=Refund.State.OPEN).exists()


def hold(refund: Refund) -> None:
    """Count a refund against what paid; raises MoreThanWasPaid and RefundUnderWay."""
    if is_being_refunded(refund.order, refund.charge):
        raise RefundUnderWay
    # The check is part of the write: between a look and a write another refund could take the same money.
    if not _counted(refund, refund.amount):
        raise MoreThanWasPaid


def let_go(refund: Refund) -> None:
    """Let what a refund had counted be given back another way: it did not happen."""
    _counted(refund, -refund.amount)


def _counted(refund: Refund, change: int) -> bool:
    if refund.charge_id is not None:
        paid = Charge.objects.filter(pk=refund.charge_id, state=Charge.State.SUCCEEDED)
        within = paid.filter(amount__gte=F("refunded_amount") + change)
        return within.update(refunded_amount=F("refunded_amount") + change) == 1
    orders = Order.objects.filter(pk=refund.order_id, wallet_amount__gte=F("refunded_wallet_amount") + change)
    return orders.update(refunded_wallet_amount=F("refunded_wallet_amount") + change) == 1
