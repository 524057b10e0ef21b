"""Charges that were written down and never asked for, and are not wanted any more.

Between the commit of a charge and the moment its money is asked for time passes: others of its batch come first, or a
worker dies. Until then the subscriber may have turned the rule off, or removed the card, or staff stopped everything:
then it is given up.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from billing.charging_stops import is_stopped
from billing.gateways.base import Gateways
from billing.models import Charge, Order, PaymentMethod, Subscription
from billing.schedule import is_stale

TURNED_OFF = "Turned off before anybody was asked for the money."
"""The note of orders that were called off for that."""


def is_withdrawn(charge: Charge, *, now: datetime) -> bool:
    """Tell whether nothing has happened yet for a charge made by itself, and nothing may happen now.

    A charge whose payment exists, or whose answer got lost, is never withdrawn: its gateway is asked.
    """
    return was_never_asked_for(charge) and is_unwanted(charge, now=now)


def was_never_asked_for(charge: Charge) -> bool:
    """Tell whether a charge made by itself is written down, and nothing more: no gateway has heard of it."""
    never_asked = charge.state == Charge.State.CREATED and not charge.gateway_payment_id
    return never_asked and _is_by_itself(charge)


def is_for_gone_gateway(charge: Charge, gateways: Gateways) -> bool:
    """Tell whether a charge made by itself was only written down, for a gateway that is not set up any more."""
    return charge.gateway not in gateways and was_never_asked_for(charge)


def is_unwanted(charge: Charge, *, now: datetime) -> bool:
    """Tell whether a charge made by itself may not be made any more: turned off, or everything is stopped.

    That is so, too, where it was written down days ago: nobody expects it any more, and it is judged anew.
    """
    if not _is_by_itself(charge):
        return False
    order = charge.order
    period = order.plan.period if order.plan is not None else None
    return is_stopped() or is_stale(charge.created_at, period=period, now=now) or is_off(order)


def _is_by_itself(charge: Charge) -> bool:
    return charge.off_session and charge.order.trigger != Order.Trigger.CLICK


def is_off(order: Order) -> bool:
    """Tell whether what placed an order by itself is off now; never of one that somebody clicked for."""
    return Order.objects.filter(_turned_off(), pk=order.pk).exists()


def is_without_card(charge: Charge) -> bool:
    """Tell whether the card that was to pay was removed before anybody was asked, whoever wanted the charge."""
    return Charge.objects.filter(_card_removed(), pk=charge.pk, state=Charge.State.CREATED).exists()


def still_wanted() -> Q:
    """Return what holds of charges but those whose auto-renewal, or rule, was turned off before anybody was asked.

    Nor of those whose card was removed until then.
    """
    turned_off = Order.objects.filter(_turned_off(), pk=OuterRef("order"))
    wanted = Q(off_session=False) | ~Q(Exists(turned_off))
    return ~Q(state=Charge.State.CREATED) | (wanted & ~_card_removed())


def _card_removed() -> Q:
    return Q(Exists(PaymentMethod.objects.filter(pk=OuterRef("method"), removed_at__isnull=False)))


def _turned_off() -> Q:
    off = Q(subscription__mode=Subscription.Mode.OFF) | Q(top_up_rule__is_on=False)
    return off & ~Q(trigger=Order.Trigger.CLICK)


STILL_WANTED = """(c.state <> 'created' OR (NOT c.off_session OR (
    SELECT s.mode FROM billing_order o JOIN billing_subscription s ON s.id = o.subscription_id
    WHERE o.id = c.order_id AND o.trigger <> 'click'
) IS DISTINCT FROM 'off') AND (SELECT m.removed_at FROM billing_paymentmethod m WHERE m.id = c.method_id) IS NULL)"""
"""The same in SQL, for the sets in which charges `c` of auto-renewals are written; rules have none."""
