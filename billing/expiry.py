"""Ending orders that nobody pays."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing import agreements, redemptions, sales
from billing.charges import abandon, open_charge
from billing.gateways.base import Gateways
from billing.models import Charge, Order, OrderQuerySet, Subscription
from billing.withdrawn import TURNED_OFF, is_off
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

TRY_AGAIN = timedelta(minutes=5)
State = Order.State


def to_end(*, gateway_names: Collection[str], now: datetime) -> OrderQuerySet:
    """Return the orders that were not paid in time, longest overdue first.

    One whose payment is open at a gateway that is not set up is left out: nobody could close it.
    """
    out_of_reach = Charge.objects.open().filter(order=OuterRef("pk")).exclude(gateway__in=gateway_names)
    return Order.objects.to_end(now).filter(~Exists(out_of_reach)).order_by("expires_at", "pk")


def expire_unpaid_orders(*, gateways: Gateways, now: datetime, limit: int = 100, in_time: InTime = always) -> int:
    """End the orders that were not paid in time and return how many; one that fails does not stop the others.

    One that could not be ended is left alone for some minutes, so that it is not in the way of the others.
    """
    due = (order for order in to_end(gateway_names=gateways, now=now)[:limit] if in_time())
    asked = one_by_one(
        due,
        lambda order: _expire(order, gateways=gateways, now=now),
        what="Expiring an order",
        about=lambda order: {"order": order},
    )
    return sum(order.state == State.EXPIRED for order in asked)


def _expire(order: Order, *, gateways: Gateways, now: datetime) -> Order:
    # First, so that neither another run nor what goes wrong here keeps asking about the same order.
    Order.objects.filter(pk=order.pk).update(end_due_at=now + TRY_AGAIN)
    return end_unpaid(order=order, state=State.EXPIRED, gateways=gateways, now=now)


def cancel_order(*, order: Order, gateways: Gateways, now: datetime) -> Order:
    """Let the buyer call off an unpaid order; one that was paid meanwhile, or is being paid, stands.

    A renewal that auto-renewal placed is not tried again by itself then: the next attempt would place it anew.
    """
    return end_unpaid(order=order, state=State.CANCELLED, gateways=gateways, now=now)


def end_unpaid(*, order: Order, state: Order.State, gateways: Gateways, now: datetime) -> Order:
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
    if _close(order, state=state, now=now) and renewing is not None:
        agreements.skip_period(renewing, order=order)
    return order


def call_off(order: Order, *, now: datetime) -> bool:
    """End an unpaid order that was placed by itself, as what placed it was turned off; False where it stands.

    Inside the caller's transaction, which holds the row of what placed it.
    """
    order = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    return is_off(order) and _close(order, state=State.CANCELLED, note=TURNED_OFF, now=now)


def _close(order: Order, *, state: Order.State, now: datetime, note: str = "") -> bool:
    """Write that an order whose row is held is over, and give back what it had taken out of the balance."""
    # An attempt still open is one whose outcome nobody knows: the order waits for it.
    if order.state != State.PENDING or open_charge(order) is not None:
        return False
    order.state, order.note = state, note or order.note
    order.save(update_fields=["state", "note"])
    sales.release_wallet_part(order, now=now)
    redemptions.release(order, now=now)
    return True
