"""The gateways we can pay through; only the edge (views, tasks, commands) chooses one."""

from django.conf import settings

from billing.gateways.base import PaymentGateway
from billing.gateways.sandbox import SandboxGateway
from billing.gateways.stripe_settings import STRIPE, from_settings
from portal.lib.money import Money


class UnknownGateway(Exception):
    """No gateway has this name."""


def chosen() -> PaymentGateway:
    """Return the gateway that new payments go through."""
    return named(settings.PAYMENT_GATEWAY)


def configured() -> list[PaymentGateway]:
    """Return every gateway that is set up, the chosen one first.

    Payments begun at a gateway are looked after there, also when another one was chosen since.
    """
    sandbox = [SandboxGateway.name] if settings.PLAYGROUND else []
    stripe = [STRIPE] if settings.STRIPE_API_KEY else []
    return [named(name) for name in dict.fromkeys([settings.PAYMENT_GATEWAY, *stripe, *sandbox])]


def by_name() -> dict[str, PaymentGateway]:
    """Return every gateway that is set up, by the name that rows know it by."""
    return {gateway.name: gateway for gateway in configured()}


def smallest_charge(currency: str) -> Money:
    """Return the least that can be charged, at whichever gateway: what all that are set up take, or the operator says."""
    least = max(gateway.smallest_charge(currency) for gateway in configured())
    return max(least, settings.PORTAL_SMALLEST_CARD_PAYMENTS.get(currency, least)).in_whole_steps()


def is_chargeable(money: Money) -> bool:
    """Tell whether a card can be charged exactly this."""
    return money == money.in_whole_steps() and money >= smallest_charge(money.currency)


def named(name: str) -> PaymentGateway:
    """Return the gateway of this name; raise UnknownGateway for any other."""
    if name == SandboxGateway.name:
        return SandboxGateway(secrets=settings.SANDBOX_WEBHOOK_SECRETS)
    if name == STRIPE:
        # Here, because its library takes a fifth of a second to load, which no command without Stripe should pay.
        from billing.gateways.stripe import StripeGateway  # noqa: PLC0415

        return StripeGateway(from_settings())
    raise UnknownGateway(name)
