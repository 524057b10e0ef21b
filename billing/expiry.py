"""Ending orders that nobody pays."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing import agreements, sales
from billing.charges import abandon, open_charge
from billing.gateways.base import PaymentGateway
from billing.models import Charge, Order, OrderQuerySet, Subscription
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(minutes=5)
State = Order.State


def to_end(*, gateway_names: Collection[str], now: datetime) -> OrderQuerySet:
    """Return the orders that were not paid in time, longest overdue first.

    One whose payment is open at a gateway that is not set up is left out: nobody could close it.
    """
    out_of_reach = Charge.objects.open().filter(order=OuterRef("pk")).exclude(gateway__in=gateway_names)
    return Order.objects.to_end(now).filter(~Exists(out_of_reach)).order_by("expires_at", "pk")


def expire_unpaid_orders(
    *, gateways: Mapping[str, PaymentGateway], now: datetime, limit: int = 100, in_time: InTime = always
) -> int:
    """End the orders that were not paid in time and return how many; one that fails does not stop the others.

    One that could not be ended is left alone for some minutes, so that it is not in the way of the others.
    """
    ended = 0
    for order in to_end(gateway_names=gateways, now=now)[:limit]:
        if not in_time():
            break
        # First, so that neither another run nor what goes wrong here keeps asking about the same order.
        Order.objects.filter(pk=order.pk).update(end_due_at=now + TRY_AGAIN)
        try:
            ended += end_unpaid(order=order, state=State.EXPIRED, gateways=gateways, now=now).state == State.EXPIRED
        except Exception:
            logger.exception("Order %s could not be expired; it is tried again", order.public_id)
    return ended


def cancel_order(*, order: Order, gateways: Mapping[str, PaymentGateway], now: datetime) -> Order:
    """Let the buyer call off an unpaid order; one that was paid meanwhile, or is being paid, stands.

    A renewal that auto-renewal placed is not tried again by itself then: the next attempt would place it anew.
    """
    return end_unpaid(order=order, state=State.CANCELLED, gateways=gateways, now=now)


def end_unpaid(*, order: Order, state: Order.State, gateways: Mapping[str, PaymentGateway], now: datetime) -> Order:
    """End an unpaid order unless it turns out to be paid, or is being paid.

    The gateway of the open attempt closes its page first: only then can nobody pay an order that is over. Where that
    gateway is not among `gateways`, the order stays as it is.
    """
    charge = open_charge(order)
    if charge is not None:
        gateway = gateways.get(charge.gateway)
        if gateway is None:
            return order
        abandon(charge=charge, gateway=gateway, now=now)
    return _end(order, state=state, now=now)


@transaction.atomic
def _end(order: Order, *, state: Order.State, now: datetime) -> Order:
    renewing = agreements.locked_for(order) if state == State.CANCELLED else None
    if renewing is not None and renewing.state == Subscription.State.IN_FLIGHT:
        return Order.objects.get(pk=order.pk)
    order = Order.objects.select_for_update().get(pk=order.pk)
    # An attempt still open is one whose outcome nobody knows: the order waits for it.
    if order.state == State.PENDING and open_charge(order) is None:
        Order.objects.filter(pk=order.pk, state=State.PENDING).update(state=state)
        order.state = state
        sales.release_wallet_part(order, now=now)
        if renewing is not None:
            agreements.skip_period(renewing, order=order)
    return order
