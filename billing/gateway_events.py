"""Keeping the gateways' notices, and working out what they mean."""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from django.db.models import F

from billing import card_notices, disputes, refunds
from billing.charges import settle
from billing.gateways.base import GatewayNotice, OutcomeUnknown, PaymentGateway, Subject
from billing.models import Charge, GatewayEvent, GatewayEventQuerySet
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)]
"""After each look that came to nothing; one about nothing of ours is laid aside at the end of them."""

LEASE = timedelta(minutes=6)  # longer than a task may run
State = GatewayEvent.State


class AboutNothingOfOurs(Exception):
    """Nothing of ours is meant; it may be about to be committed, so the event is tried again."""


def store(*, gateway_name: str, notice: GatewayNotice, by_webhook: bool, now: datetime) -> bool:
    """Put a verified notice into the inbox and say whether it is a new one there."""
    return GatewayEvent.objects.insert_once(
        gateway=gateway_name,
        event_id=notice.event_id,
        kind=notice.kind,
        about=notice.about,
        payment_id=notice.payment_id,
        payload=notice.payload,
        by_webhook=by_webhook,
        now=now,
    )


def to_apply(*, gateway: PaymentGateway, now: datetime) -> GatewayEventQuerySet:
    """Return the stored notices of this gateway that are due, longest waiting first."""
    return GatewayEvent.objects.to_apply(now).filter(gateway=gateway.name).order_by("due_at", "pk")


def apply_gateway_events(*, gateway: PaymentGateway, now: datetime, limit: int = 200, in_time: InTime = always) -> int:
    """Apply the stored notices of this gateway and return how many were; one that fails stays to be tried again.

    Their order does not matter: a notice only says what to look at.
    """
    applied = 0
    for event in to_apply(gateway=gateway, now=now)[:limit]:
        if not in_time():
            break
        if not _claim(event, now=now):
            continue
        try:
            apply(event=event, gateway=gateway, now=now)
        except (OutcomeUnknown, AboutNothingOfOurs) as error:
            _put_off(event, error=error, now=now)
        except Exception as error:
            logger.exception("Gateway event %s could not be applied; it is tried again", event.event_id)
            _put_off(event, error=error, now=now)
        else:
            GatewayEvent.objects.filter(pk=event.pk).update(state=State.DONE, done_at=now, error="")
            applied += 1
    return applied


def apply(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> None:
    """Look at what a notice is about, and record what the gateway says of it now; raises AboutNothingOfOurs."""
    hear = HEARD_BY.get(event.about)
    if hear is not None and not hear(event=event, gateway=gateway, now=now):
        raise AboutNothingOfOurs(event.payment_id)


def _hear_of_payment(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool:
    charge = _charge_of(event)
    if charge is None:
        return False
    # Our own id of the payment, where we have one: a page and the money paid on it may have two ids there.
    result = gateway.look_up(payment_id=charge.gateway_payment_id or event.payment_id, key="")
    if result is None:
        return False
    settle(charge_id=charge.pk, result=result, now=now)
    return True


def _charge_of(event: GatewayEvent) -> Charge | None:
    """Find our charge by the payment's id, or by our key in the notice; by the id alone among those that are open, which
    no index knows by it.
    """
    charges = Charge.objects.filter(gateway=event.gateway)
    return (
        charges.named_at_gateway(event.payment_id).first()
        or charges.filter(public_id=str(event.payload.get("key", ""))).first()
        or charges.open().filter(gateway_payment_id=event.payment_id).first()
    )


def _claim(event: GatewayEvent, *, now: datetime) -> bool:
    """Take an event for the length of a lease, so that of two workers who look at once only one asks."""
    return GatewayEvent.objects.to_apply(now).filter(pk=event.pk).update(due_at=now + LEASE) == 1


def _put_off(event: GatewayEvent, *, error: Exception, now: datetime) -> None:
    laid_aside = isinstance(error, AboutNothingOfOurs) and event.attempts >= len(BACK_OFF)
    delay = BACK_OFF[min(event.attempts, len(BACK_OFF) - 1)]
    GatewayEvent.objects.filter(pk=event.pk).update(
        state=State.NOT_OURS if laid_aside else State.FAILED,
        attempts=F("attempts") + 1,
        due_at=now + delay,
        error=f"{type(error).__name__}: {error}"[:300],
    )


class Hear(Protocol):
    """Records what the gateway says of the subject of a notice; False where nothing of ours is meant."""

    def __call__(self, *, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool: ...


HEARD_BY: dict[str, Hear] = {
    Subject.PAYMENT: _hear_of_payment,
    Subject.CARD: card_notices.hear,
    Subject.REFUND: refunds.hear,
    Subject.DISPUTE: disputes.hear,
}
"""Other notices need nothing done."""
