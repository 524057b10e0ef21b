"""Orders that were paid and are not delivered in the time promised: a ticket opens by itself, and closes with the order.

The order itself is left alone. As long as the network's answer is unknown, nothing is given back: it may have delivered.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from accounts import tickets
from accounts.models import Ticket
from accounts.notifications import notify
from billing.models import Charge, Order, OrderQuerySet
from billing.sales import as_context
from portal.lib.one_by_one import one_by_one

logger = logging.getLogger(__name__)

KEY = "order-delayed:"
BATCH = 200


def open_overdue_tickets(*, promise: timedelta, now: datetime) -> int:
    """Open a ticket for each order past the promise and return how many; close those whose order is over.

    One that fails does not stop the others. A backlog is gone through in several runs, the longest waiting first.
    """
    one_by_one(
        over(),
        lambda ticket: _settle(ticket, now=now),
        what="Closing the ticket of an order",
        about=lambda ticket: {"ticket": ticket},
    )
    opened = one_by_one(
        overdue(promise=promise, now=now)[:BATCH],
        lambda order: _open(order, promise=promise, now=now),
        what="Opening a ticket for an order",
        about=lambda order: {"order": order},
    )
    return sum(opened)


def overdue(*, promise: timedelta, now: datetime) -> OrderQuerySet:
    """Return the orders past the promise for which there is no ticket yet.

    It walks the orders in flight by the index order_open, and looks each up by the unique key of its ticket.
    """
    own = Ticket.objects.filter(key=Concat(Value(KEY), Cast(OuterRef("public_id"), CharField())))
    return Order.objects.late(now - promise).filter(~Exists(own)).order_by("fulfil_due_at", "pk")


def over() -> list[Ticket]:
    """Return the open tickets about orders that are over; it walks the index ticket_of_delay_open."""
    waiting = Ticket.objects.filter(kind=Ticket.Kind.ORDER_DELAYED).exclude(state=Ticket.State.CLOSED)
    by_order = {order_of(ticket): ticket for ticket in waiting.select_related("owner").order_by("pk")}
    ended = Order.objects.filter(public_id__in=by_order, state__in=sorted(Order.State.OVER))
    return [by_order[public_id] for public_id in ended.values_list("public_id", flat=True)]


def order_of(ticket: Ticket) -> str:
    """Return the public id of the order that a ticket was opened for by itself."""
    return ticket.key.removeprefix(KEY)


def ticket_of(order: Order, *, promise: timedelta, now: datetime) -> Ticket | None:
    """Return the ticket that was opened because this order took too long. No query where it did not."""
    if order.paid_at is None or (order.confirmed_at or now) - order.paid_at < promise:
        return None
    return Ticket.objects.filter(key=f"{KEY}{order.public_id}").first()


@transaction.atomic
def _open(order: Order, *, promise: timedelta, now: datetime) -> bool:
    """Open the ticket and tell, unless the order was delivered, or somebody else came first, meanwhile."""
    # First the lock, then the look: a statement that waited for a lock still sees the tickets of before.
    Order.objects.select_for_update().get(pk=order.pk)
    found = overdue(promise=promise, now=now).filter(pk=order.pk).select_related("owner", "line").first()
    return found is not None and _open_for(found, promise=promise, now=now)


def _open_for(order: Order, *, promise: timedelta, now: datetime) -> bool:
    context = {**_about(order), "promised_minutes": int(promise.total_seconds() // 60)}
    line_id = [order.line.public_id] if order.line else []
    ticket = tickets.open_ticket(
        user=order.owner,
        key=f"{KEY}{order.public_id}",
        kind=Ticket.Kind.ORDER_DELAYED,
        context=context,
        about=[order.public_id, *line_id],
        references=_references(order),
        now=now,
    )
    notify(
        user=order.owner,
        kind="order_delayed",
        key=f"order:{order.public_id}:delayed",
        context={**context, "ticket_id": ticket.public_id},
        now=now,
    )
    logger.warning("Order %s is not delivered %s after its payment; ticket %s", order.public_id, promise, ticket)
    return True


def _settle(ticket: Ticket, *, now: datetime) -> bool:
    order = Order.objects.get(public_id=order_of(ticket))
    if order.state == Order.State.FULFILLED and order.confirmed_at is not None:
        return tickets.close(
            ticket=ticket, kind="order_delivered", context={"confirmed_at": order.confirmed_at.isoformat()}, now=now
        )
    return tickets.close(ticket=ticket, kind="order_returned", context={"money": as_context(order.total)}, now=now)


def _about(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.public_id,
        "plan": {name: text for name, text in order.plan_terms.items() if name.startswith("name")},
        "line": str(order.line or order.nickname),
        "money": as_context(order.total),
        "paid_at": order.paid_at.isoformat() if order.paid_at else "",
    }


def _references(order: Order) -> dict[str, Any]:
    """Gather what staff need to ask the network and the gateway about it."""
    paid = order.charges.filter(state=Charge.State.SUCCEEDED).order_by("pk")
    return {
        "order": order.public_id,
        # What the network knows the purchase by.
        "purchase": order.public_id,
        "line": order.line.public_id if order.line else "",
        "number": order.line.msisdn if order.line else "",
        "attempts": order.fulfil_attempts,
        "charges": [
            {"charge": one.public_id, "gateway": one.gateway, "payment": one.gateway_payment_id} for one in paid
        ],
    }
