"""Charges without a payer that were written down and never asked for, and are not wanted any more.

Between the commit of a charge and the gateway's first hearing of it a worker may die. Until somebody finds the charge
the subscriber may have turned the rule off, or staff stopped everything: then it is given up, not made good.
"""

from billing.charging_stops import ChargingStopped, refuse_while_stopped
from billing.models import Charge, Order, Subscription, TopUpRule


def is_withdrawn(charge: Charge) -> bool:
    """Tell whether nothing has happened yet for a charge made by itself, and nothing may happen now.

    A charge whose payment exists, or whose answer got lost, is never withdrawn: money may have moved.
    """
    order = charge.order
    never_asked = charge.state == Charge.State.CREATED and not charge.gateway_payment_id
    if not never_asked or not charge.off_session or order.trigger == Order.Trigger.CLICK:
        return False
    try:
        refuse_while_stopped()
    except ChargingStopped:
        return True
    return _is_off(order)


def _is_off(order: Order) -> bool:
    if order.top_up_rule_id is not None:
        return not TopUpRule.objects.filter(pk=order.top_up_rule_id, is_on=True).exists()
    subscription = order.subscription
    return subscription is not None and subscription.mode == Subscription.Mode.OFF
