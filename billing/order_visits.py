"""When somebody looks at an order whose payment is open: ask the gateway, but not at every look."""

from datetime import datetime

from django.core.cache import cache

from billing.charges import settle
from billing.gateways.base import GatewayRefused, Gateways, OutcomeUnknown, PaymentState
from billing.models import Charge

SECONDS_BETWEEN_LOOKS = 5


def look_again(*, charge: Charge, gateways: Gateways, now: datetime) -> Charge:
    """Return the charge as it stands, after asking its gateway where it may have moved on.

    The page asks every two seconds and several tabs may be open; the cache lets one look through in five. It decides
    nothing: settling twice writes nothing twice.
    """
    gateway = gateways.get(charge.gateway)
    if gateway is None or not charge.is_open or not charge.gateway_payment_id:
        return charge
    if not cache.add(f"charge-looked-at:{charge.public_id}", 1, SECONDS_BETWEEN_LOOKS):
        return charge
    try:
        result = gateway.look_up(payment_id=charge.gateway_payment_id, key=charge.public_id)
    except (OutcomeUnknown, GatewayRefused):
        return charge
    if result is None or result.state == PaymentState.PREPARED:
        return charge
    return settle(charge_id=charge.pk, result=result, now=now)
