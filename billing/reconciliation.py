"""Asking the gateway about charges whose answer never came."""

from datetime import datetime

from billing.asking_again import one_look
from billing.charges import abandon, charge_saved, settle
from billing.charging_stops import is_stopped
from billing.gateways.base import OutcomeUnknown, PaymentGateway, PaymentResult, PaymentState
from billing.models import Charge, ChargeQuerySet, Order
from billing.withdrawn import is_off
from portal.lib.due_rows import in_turn
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always


def to_ask_about(*, gateway: PaymentGateway, now: datetime) -> ChargeQuerySet:
    """Return the open charges of this gateway whose next look is due, longest waiting first."""
    return Charge.objects.to_ask_about(now).filter(gateway=gateway.name).order_by("check_due_at", "pk")


def reconcile_charges(*, gateway: PaymentGateway, now: datetime, in_time: InTime = always) -> int:
    """Ask about the charges that are due and return how many are over now; one that fails does not stop the rest."""
    due = to_ask_about(gateway=gateway, now=now).select_related("order__owner", "method")
    asked = one_by_one(
        in_turn(due, order=("check_due_at", "pk"), in_time=in_time),
        lambda charge: ask(charge=charge, gateway=gateway, now=now),
        what="Reconciling a charge",
        about=lambda charge: {"charge": charge, "order": charge.order},
    )
    return sum(not charge.is_open for charge in asked)


def ask(*, charge: Charge, gateway: PaymentGateway, now: datetime) -> Charge:
    """Settle a charge by what the gateway knows of it.

    A kept card whose payment never got there, or was only prepared, is charged now: that is where a crash between
    our commit and the gateway's answer is made good. Not so where it was turned off, or everything is stopped, by now.
    Nothing useful heard: it stays open, and is asked about later.
    """
    with one_look(Charge.objects.open(), charge, now=now) as is_ours:
        return _ask(charge, gateway=gateway, now=now) if is_ours else charge


def _ask(charge: Charge, *, gateway: PaymentGateway, now: datetime) -> Charge:
    try:
        result = look_up(charge=charge, gateway=gateway)
    except OutcomeUnknown:
        return charge
    if result is not None and result.state != PaymentState.PREPARED:
        return settle(charge_id=charge.pk, result=result, now=now)
    if result is not None and _is_unwanted(charge):
        return abandon(charge=charge, gateway=gateway, now=now)
    if charge.off_session or charge.method_id:
        return charge_saved(charge=charge, gateway=gateway, now=now)
    return charge


def _is_unwanted(charge: Charge) -> bool:
    """Tell whether a payment that is prepared, and nothing more, is not to be made by itself any more."""
    by_itself = charge.off_session and charge.order.trigger != Order.Trigger.CLICK
    return by_itself and (is_stopped() or is_off(charge.order))


def look_up(*, charge: Charge, gateway: PaymentGateway) -> PaymentResult | None:
    """Return what the gateway knows of a charge, by its payment or else by our key; raises OutcomeUnknown."""
    return gateway.look_up(
        payment_id=charge.gateway_payment_id or "",
        key=charge.public_id,
        customer=charge.customer,
        since=charge.created_at,
    )
