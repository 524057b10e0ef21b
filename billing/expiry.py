"""Ending orders that nobody pays."""

import logging
from datetime import datetime

from django.db import transaction

from billing import sales
from billing.charges import abandon, open_charge
from billing.gateways.base import PaymentGateway
from billing.models import Order

logger = logging.getLogger(__name__)

State = Order.State


def expire_unpaid_orders(*, gateway: PaymentGateway, now: datetime, limit: int = 100) -> int:
    """End the orders that were not paid in time and return how many; one that fails does not stop the others."""
    ended = 0
    for order in Order.objects.unpaid_past_deadline(now).order_by("expires_at", "pk")[:limit]:
        try:
            ended += end_unpaid(order=order, state=State.EXPIRED, gateway=gateway, now=now).state == State.EXPIRED
        except Exception:
            logger.exception("Order %s could not be expired; it is tried again", order.public_id)
    return ended


def cancel_order(*, order: Order, gateway: PaymentGateway, now: datetime) -> Order:
    """Let the buyer call off an unpaid order; one that was paid meanwhile stands."""
    return end_unpaid(order=order, state=State.CANCELLED, gateway=gateway, now=now)


def end_unpaid(*, order: Order, state: Order.State, gateway: PaymentGateway, now: datetime) -> Order:
    """End an unpaid order unless it turns out to be paid, or is being paid.

    The gateway closes its page first: only then can nobody pay an order that is over.
    """
    charge = open_charge(order)
    if charge is not None:
        if charge.gateway != gateway.name:
            return order
        abandon(charge=charge, gateway=gateway, now=now)
    return _end(order, state=state, now=now)


@transaction.atomic
def _end(order: Order, *, state: Order.State, now: datetime) -> Order:
    order = Order.objects.select_for_update().get(pk=order.pk)
    # An attempt still open is one whose outcome nobody knows: the order waits for it.
    if order.state == State.PENDING and open_charge(order) is None:
        Order.objects.filter(pk=order.pk, state=State.PENDING).update(state=state)
        order.state = state
        sales.release_wallet_part(order, now=now)
    return order
