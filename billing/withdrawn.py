"""Charges without a payer that were written down and never asked for, and are not wanted any more.

Between the commit of a charge and the moment its money is asked for time passes: others of its batch come first, or a
worker dies. Until then the subscriber may have turned the rule off, or staff stopped everything: then it is given up.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from billing.charging_stops import ChargingStopped, refuse_while_stopped
from billing.models import Charge, Order, Subscription
from billing.schedule import is_stale

TURNED_OFF = "Turned off before anybody was asked for the money."
"""The note of orders that were called off for that."""


def is_withdrawn(charge: Charge, *, now: datetime) -> bool:
    """Tell whether nothing has happened yet for a charge made by itself, and nothing may happen now.

    That is so, too, where it was written down days ago: nobody expects it any more, and it is judged anew. A charge
    whose payment exists, or whose answer got lost, is never withdrawn: money may have moved.
    """
    order = charge.order
    never_asked = charge.state == Charge.State.CREATED and not charge.gateway_payment_id
    if not never_asked or not charge.off_session or order.trigger == Order.Trigger.CLICK:
        return False
    try:
        refuse_while_stopped()
    except ChargingStopped:
        return True
    period = order.plan.period if order.plan is not None else None
    return is_stale(charge.created_at, period=period, now=now) or is_off(order)


def is_off(order: Order) -> bool:
    """Tell whether what placed an order by itself is off now; never of one that somebody clicked for."""
    return Order.objects.filter(_turned_off(), pk=order.pk).exists()


def still_wanted() -> Q:
    """Return what holds of charges but those whose auto-renewal, or rule, was turned off before anybody was asked."""
    turned_off = Order.objects.filter(_turned_off(), pk=OuterRef("order"))
    return Q(off_session=False) | ~Q(state=Charge.State.CREATED) | ~Q(Exists(turned_off))


def _turned_off() -> Q:
    off = Q(subscription__mode=Subscription.Mode.OFF) | Q(top_up_rule__is_on=False)
    return off & ~Q(trigger=Order.Trigger.CLICK)


STILL_WANTED = """(c.state || '' <> 'created' OR NOT c.off_session OR (
    SELECT s.mode FROM billing_order o JOIN billing_subscription s ON s.id = o.subscription_id
    WHERE o.id = c.order_id AND o.trigger <> 'click'
) IS DISTINCT FROM 'off')"""
"""The same in SQL, for the sets in which charges `c` of auto-renewals are written; rules have none."""
