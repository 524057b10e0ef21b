"""What `manage.py check` refuses about taking money."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's word for it

from billing.gateways.base import GatewayRefused, OutcomeUnknown
from billing.gateways.stripe_settings import STRIPE, STRIPE_ITSELF, mode_of
from portal.lib.money import CURRENCIES

if TYPE_CHECKING:
    from billing.gateways.stripe_endpoints import Endpoint

WEBHOOK_SECRET = "whsec_"  # noqa: S105 - how one begins
SUFFIX = re.compile(r"(?=.*[A-Za-z])[^<>\\'\"*]{1,22}")
SEE = "See docs/payments.md."


def stripe_settings(**_: Any) -> list[CheckMessage]:
    """Refuse settings with which Stripe would take no money, or real money where everything else only pretends."""
    if settings.PAYMENT_GATEWAY != STRIPE and not settings.STRIPE_API_KEY:
        return []
    return [*_key(), *_webhook_secrets(), *_wishes()]


def stripe_endpoints(**_: Any) -> list[CheckMessage]:
    """Ask Stripe whether its webhook endpoint for this portal is as the portal needs it.

    Runs with `check --deploy` only, because it asks somebody else.
    """
    if not mode_of(settings.STRIPE_API_KEY):
        return []
    # Loads Stripe's library, which checks at every command need not.
    from billing.gateways import stripe_endpoints as endpoints  # noqa: PLC0415

    url = f"{settings.PORTAL_BASE_URL}/webhooks/stripe/"
    try:
        found = endpoints.of_url(url)
    except (OutcomeUnknown, GatewayRefused) as error:
        return [Warning(f"Stripe did not tell its webhook endpoints: {error}", hint=SEE, id="stripe.W002")]
    if not found:
        return [Warning(f"Stripe has no enabled webhook endpoint for {url}.", hint=SEE, id="stripe.W003")]
    return [message for endpoint in found for message in _endpoint(endpoint)]


def _key() -> Iterator[CheckMessage]:
    mode = mode_of(settings.STRIPE_API_KEY)
    if not settings.STRIPE_API_KEY:
        yield Error("PAYMENT_GATEWAY=stripe without STRIPE_API_KEY.", hint=SEE, id="stripe.E001")
    elif not mode:
        text = "STRIPE_API_KEY is neither a restricted key (rk_live_…, rk_test_…) nor a secret one."
        if settings.STRIPE_API_KEY.startswith("pk_"):
            text = "STRIPE_API_KEY is a publishable key, which can take no money."
        yield Error(text, hint=SEE, id="stripe.E002")
    elif mode == "live" and settings.PLAYGROUND:
        text = "STRIPE_API_KEY is a live key, and DEBUG or PORTAL_DEMO is on: real cards would be charged for play."
        yield Error(text, hint="Take a test key (rk_test_…).", id="stripe.E003")
    elif mode == "test" and not settings.PLAYGROUND:
        text = "STRIPE_API_KEY is a test key: everybody could pay with a test card."
        yield Error(text, hint="Take a live key, or set PORTAL_DEMO=1 if this is a demonstration.", id="stripe.E004")
    elif settings.STRIPE_API_KEY.startswith("sk_"):
        text = "STRIPE_API_KEY is a secret key, which may do everything."
        yield Warning(text, hint=f"Make a restricted one. {SEE}", id="stripe.W001")
    if settings.STRIPE_API_BASE != STRIPE_ITSELF and not settings.PLAYGROUND:
        text = f"STRIPE_API_BASE={settings.STRIPE_API_BASE}: the key would be shown to somebody else."
        yield Error(text, hint="Leave it out.", id="stripe.E005")


def _webhook_secrets() -> Iterator[CheckMessage]:
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    if not secrets or not all(secret.startswith(WEBHOOK_SECRET) for secret in secrets):
        what = "is missing" if not secrets else "holds something else"
        text = f"STRIPE_WEBHOOK_SECRETS {what}: no notice of a payment would be believed."
        yield Error(text, hint=f"The signing secret of the endpoint, whsec_…. {SEE}", id="stripe.E006")


def _wishes() -> Iterator[CheckMessage]:
    suffix = settings.STRIPE_STATEMENT_DESCRIPTOR_SUFFIX
    if suffix and not SUFFIX.fullmatch(suffix):
        text = f"STRIPE_STATEMENT_DESCRIPTOR_SUFFIX={suffix!r}: Stripe would refuse every payment."
        yield Error(text, hint="22 characters at most, one a letter, none of < > \\ ' \" *.", id="stripe.E007")
    if unknown := sorted(set(settings.STRIPE_METHODS_BY_CURRENCY) - CURRENCIES):
        yield Error(f"STRIPE_METHODS_BY_CURRENCY names {' '.join(unknown)}, no currencies.", id="stripe.E008")


def _endpoint(endpoint: "Endpoint") -> Iterator[CheckMessage]:
    if endpoint.api_version != settings.STRIPE_API_VERSION:
        version = endpoint.api_version or "the account's default"
        text = f"Webhook endpoint {endpoint.id} is on version {version}, the portal on {settings.STRIPE_API_VERSION}."
        yield Error(text, hint=f"Make another one with that version. {SEE}", id="stripe.E009")
    if endpoint.missing_events:
        text = f"Webhook endpoint {endpoint.id} does not send {', '.join(endpoint.missing_events)}."
        yield Warning(text, hint="The portal learns of these some minutes later.", id="stripe.W004")
