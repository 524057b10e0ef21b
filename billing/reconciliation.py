"""Asking the gateway about charges whose answer never came."""

import logging
from datetime import datetime, timedelta

from django.db.models import F

from billing.charges import charge_saved, settle
from billing.gateways.base import OutcomeUnknown, PaymentGateway, PaymentResult, PaymentState
from billing.models import Charge, ChargeQuerySet
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

# Five minutes is set when the charge is made; then an hour, then daily until it is known.
NEXT_CHECKS = [timedelta(hours=1), timedelta(days=1)]


def to_ask_about(*, gateway: PaymentGateway, now: datetime) -> ChargeQuerySet:
    """Return the open charges of this gateway whose next look is due, longest waiting first."""
    return Charge.objects.to_ask_about(now).filter(gateway=gateway.name).order_by("check_due_at", "pk")


def reconcile_charges(*, gateway: PaymentGateway, now: datetime, limit: int = 100, in_time: InTime = always) -> int:
    """Ask about the charges that are due and return how many are over now; one that fails does not stop the rest."""
    over = 0
    for charge in to_ask_about(gateway=gateway, now=now).select_related("order__owner", "method")[:limit]:
        if not in_time():
            break
        try:
            charge_now = ask(charge=charge, gateway=gateway, now=now)
        except Exception:
            logger.exception("Charge %s could not be reconciled; it is asked about again", charge.public_id)
        else:
            over += not charge_now.is_open
    return over


def ask(*, charge: Charge, gateway: PaymentGateway, now: datetime) -> Charge:
    """Settle a charge by what the gateway knows of it.

    A kept card whose payment never got there, or was only prepared, is charged now: that is where a crash between
    our commit and the gateway's answer is made good. Nothing useful heard: it stays open, and is asked about later.
    """
    if not _claim(charge, now=now):
        return charge
    try:
        result = look_up(charge=charge, gateway=gateway)
    except OutcomeUnknown:
        return charge
    if result is not None and result.state != PaymentState.PREPARED:
        return settle(charge_id=charge.pk, result=result, now=now)
    if charge.off_session or charge.method_id:
        return charge_saved(charge=charge, gateway=gateway, now=now)
    return charge


def look_up(*, charge: Charge, gateway: PaymentGateway) -> PaymentResult | None:
    """Return what the gateway knows of a charge, by its payment or else by our key; raises OutcomeUnknown."""
    return gateway.look_up(
        payment_id=charge.gateway_payment_id or "",
        key=charge.public_id,
        customer=charge.order.owner.public_id,
        since=charge.created_at,
    )


def _claim(charge: Charge, *, now: datetime) -> bool:
    """Put the next look off before this one, so that two who look at once do not both ask."""
    delay = NEXT_CHECKS[min(charge.checks, len(NEXT_CHECKS) - 1)]
    claimed = Charge.objects.open().filter(pk=charge.pk, check_due_at=charge.check_due_at)
    return claimed.update(check_due_at=now + delay, checks=F("checks") + 1) == 1
