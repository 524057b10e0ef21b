"""What Stripe knows of where to send its events."""

from dataclasses import dataclass

from billing.gateways.stripe_client import api_of
from billing.gateways.stripe_events import LISTENED_TO
from billing.gateways.stripe_settings import from_settings

BATCH = 100
EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A webhook endpoint; `api_version` is empty where it follows the account's own."""

    id: str
    api_version: str
    missing_events: tuple[str, ...]


def of_url(url: str) -> list[Endpoint]:
    """Return the enabled endpoints that send to `url`; raises OutcomeUnknown or GatewayRefused."""
    listed = api_of(from_settings()).walk(lambda stripe: stripe.v1.webhook_endpoints.list({"limit": BATCH}))
    return [
        Endpoint(
            id=one["id"],
            api_version=one["api_version"] or "",
            missing_events=_missing(one["enabled_events"]),
        )
        for one in listed
        if one["url"] == url and one["status"] == "enabled"
    ]


def _missing(enabled: list[str]) -> tuple[str, ...]:
    if EVERYTHING in enabled:
        return ()
    return tuple(event for event in LISTENED_TO if event not in enabled)
