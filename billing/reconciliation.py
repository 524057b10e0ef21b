"""Asking the gateway about charges whose answer never came."""

from datetime import datetime

from billing.asking_again import ask_each, one_look
from billing.charges import abandon, charge_saved, settle
from billing.gateways.base import OutcomeUnknown, PaymentGateway, PaymentResult, PaymentState
from billing.models import Charge, ChargeQuerySet
from billing.withdrawn import is_unwanted
from portal.lib.ticks import InTime, always


def to_ask_about(*, gateway: PaymentGateway, now: datetime) -> ChargeQuerySet:
    """Return the open charges of this gateway whose next look is due, longest waiting first."""
    return Charge.objects.to_ask_about(now).filter(gateway=gateway.name).order_by("check_due_at", "pk")


def reconcile_charges(*, gateway: PaymentGateway, now: datetime, in_time: InTime = always) -> int:
    """Ask about the charges that are due and return how many are over now; one that fails does not stop the rest."""
    due = to_ask_about(gateway=gateway, now=now).select_related("order__owner", "method")
    return ask_each(
        due,
        lambda charge: ask(charge=charge, gateway=gateway, now=now),
        what="Reconciling a charge",
        kind="charge",
        in_time=in_time,
    )


def ask(*, charge: Charge, gateway: PaymentGateway, now: datetime) -> Charge:
    """Settle a charge by what the gateway knows of it.

    A kept card whose payment never got there, or was only prepared, is charged now: that is where a crash between
    our commit and the gateway's answer is made good. Not so where it was turned off, or everything is stopped, by now,
    nor days later.
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
    # Its money is asked for only once its id is written down: without one, none has moved.
    takes_no_money = result is not None or not charge.gateway_payment_id
    if takes_no_money and is_unwanted(charge, now=now):
        return abandon(charge=charge, gateway=gateway, now=now)
    if charge.off_session or charge.method_id:
        return charge_saved(charge=charge, gateway=gateway, now=now)
    return charge


def look_up(*, charge: Charge, gateway: PaymentGateway) -> PaymentResult | None:
    """Return what the gateway knows of a charge, by its payment or else by our key; raises OutcomeUnknown."""
    return gateway.look_up(
        payment_id=charge.gateway_payment_id or "",
        key=charge.public_id,
        customer=charge.customer,
        since=charge.created_at,
    )
