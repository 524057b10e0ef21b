"""Whether a buyer may undo an order, and if not, why not."""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import ledger
from billing.models import Dispute, Order, Subscription
from billing.refundable import CannotGiveBack, Part, RefundUnderWay, Source, is_being_refunded, parts_of
from esim.carriers.base import Carrier
from esim.taking_back import Obstacle, obstacle_to
from portal.lib.money import Money

OBSTACLES: dict[Obstacle, Promise] = {
    Obstacle.GONE: _("This was taken back already."),
    Obstacle.ENDED: _("The time it was for is over."),
    Obstacle.BUILT_UPON: _("Something you bought later builds on it. Give that back first."),
    Obstacle.USED: _("Some of it has been used."),
    Obstacle.INSTALLED: _("Its eSIM is on a device already."),
}
OVER = _("This order was taken back already.")
NOT_DELIVERED = _("This order is not completed, so there is nothing to take back.")
NOTHING_LEFT = _("Nothing that you paid for it is left to give back.")
TOO_LATE = _("The time in which you can give it back is over.")
DISPUTED = _("Your bank holds a payment of this order, so it cannot be given back here.")
SPENT = _("Some of the money has been spent, so your balance does not cover it any more.")
BEING_RENEWED = _("A purchase for this line is under way. Try again when it is finished.")
NETWORK_CANNOT = _("The network of this line takes nothing back by itself.")
NO_PLAN = _("This order settled a debt: there is no plan to take back.")
NETWORK_SILENT = _("The network did not answer. Nothing was changed. Try again in a minute.")


class CannotRefund(CannotGiveBack):
    """The order stands; `sentence` says why."""

    def __init__(self, sentence: Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class AlreadyUndone(CannotRefund):
    """It was given back before."""

    def __init__(self) -> None:
        super().__init__(OVER)


def refund_offer(*, order: Order, carrier: Carrier, within: timedelta, now: datetime) -> list[Part]:
    """Return what the buyer gets back by undoing an order; raises CannotRefund.

    `within` is how long after delivery that is possible; what was not delivered is theirs at any time.
    """
    if order.state == Order.State.UNDELIVERABLE:
        return undelivered_parts(order)
    if order.state in {Order.State.TAKING_BACK, Order.State.REFUNDED}:
        raise AlreadyUndone
    if order.state != Order.State.FULFILLED or order.confirmed_at is None:
        raise CannotRefund(NOT_DELIVERED)
    parts = parts_of(order) if order.kind != Order.Kind.ARREARS else []
    if not parts:
        raise CannotRefund(NOTHING_LEFT)
    _check_money(order, parts)
    if now >= order.confirmed_at + within:
        raise CannotRefund(TOO_LATE)
    if order.kind == Order.Kind.CREDIT:
        _check_balance(order, parts)
    else:
        _check_line(order, carrier=carrier, now=now)
    return parts


def undelivered_parts(order: Order) -> list[Part]:
    """Return what the balance got back of an undeliverable order, and whoever paid may have; raises CannotRefund.

    What was paid by link went back to that payer by itself.
    """
    parts = [part for part in parts_of(order) if part.charge is not None and not part.charge.by_link]
    if order.state != Order.State.UNDELIVERABLE or not parts:
        raise AlreadyUndone if order.refunds.live().exists() else CannotRefund(NOTHING_LEFT)
    _check_money(order, parts)
    _check_balance(order, parts)
    return parts


def is_being_bought_for(order: Order) -> bool:
    """Tell whether something that follows this order is being paid or delivered: it would build on what goes."""
    others = Order.objects.filter(line=order.line_id).exclude(pk=order.pk)
    under_way = others.being_delivered() | others.filter(state=Order.State.TAKING_BACK)
    in_flight = Subscription.objects.filter(line=order.line_id, state=Subscription.State.IN_FLIGHT)
    return under_way.exists() or in_flight.exists()


def _check_money(order: Order, parts: list[Part]) -> None:
    if Dispute.objects.holding_the_money().filter(charge__order=order).exists():
        # The rest alone would leave the plan gone and the bank with the money.
        raise CannotRefund(DISPUTED)
    if any(is_being_refunded(order, part.charge) for part in parts):
        raise CannotRefund(RefundUnderWay.sentence)


def _check_balance(order: Order, parts: list[Part]) -> None:
    from_balance = [part.money for part in parts if part.taken_from == Source.WALLET]
    if ledger.wallet_balance(order.owner, order.currency) < sum(from_balance, Money.zero(order.currency)):
        raise CannotRefund(SPENT)


def _check_line(order: Order, *, carrier: Carrier, now: datetime) -> None:
    if not carrier.capabilities.taking_back:
        raise CannotRefund(NETWORK_CANNOT)
    if is_being_bought_for(order):
        raise CannotRefund(BEING_RENEWED)
    if obstacle := obstacle_to(purchase_id=order.public_id, only_unused=True, now=now):
        raise CannotRefund(OBSTACLES[obstacle])
