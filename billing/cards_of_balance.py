"""Which cards had paid a balance in, and giving it back to them: for who left, and for who wants the money instead."""

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.two_people import NotDone
from billing import refund_settlement
from billing.models import Charge, LedgerAccount, Order, OrderQuerySet, Payout, Refund
from billing.refundable import Part, parts_of
from portal.lib.money import Money


class BalanceMoved(NotDone):
    """The balance holds less than it did when it was asked for; nothing was changed."""

    sentence = _("The balance does not hold so much any more. Refuse this, and ask for it again.")


def paid_in(wallet: LedgerAccount) -> OrderQuerySet:
    """Return the orders of a balance's owner that a card paid for, the latest first."""
    paid = Charge.objects.filter(order=OuterRef("pk"), state=Charge.State.SUCCEEDED)
    orders = Order.objects.filter(Exists(paid), owner=wallet.owner_id, currency=wallet.currency)
    return orders.order_by("-paid_at", "-pk")


def parts_for_cards(order: Order) -> list[Part]:
    """Return what of an order is balance that a card takes back.

    Not where a refund of it is under way, or failed: that is for staff.
    """
    in_the_way = [*Refund.State.OPEN, Refund.State.FAILED]
    kept = [part for part in parts_of(order) if part.charge is not None and part.taken_from == Refund.Source.WALLET]
    return [part for part in kept if not Refund.objects.filter(charge=part.charge, state__in=in_the_way).exists()]


def draft_for_card(
    part: Part,
    money: Money,
    *,
    order: Order,
    reason: Refund.Reason,
    requested_by: User | None = None,
    payout: Payout | None = None,
    now: datetime,
) -> Refund:
    """Write down that money goes back to the card that had paid it; begun by the caller, who holds the order."""
    refund = refund_settlement.draft(
        part,
        order=order,
        money=money,
        goes_to=Refund.Destination.PAYER,
        reason=reason,
        requested_by=requested_by,
        now=now,
    )
    if payout is not None:
        Refund.objects.filter(pk=refund.pk).update(payout=payout, approved_by=payout.decided_by)
    return refund
