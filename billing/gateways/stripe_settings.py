"""What the operator says about Stripe, in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

STRIPE = "stripe"
"""What our rows call this gateway."""

STRIPE_ITSELF = "https://api.stripe.com"
HOSTED_CHECKOUT = "https://checkout.stripe.com"
SECRET_PREFIXES = ("sk", "rk")
MODES = ("live", "test")


def mode_of(key: str) -> str:
    """Return "live" or "test" for a secret or restricted key, empty for anything else."""
    prefix, _, rest = key.partition("_")
    mode = rest.partition("_")[0]
    return mode if prefix in SECRET_PREFIXES and mode in MODES else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeSettings:
    """How to reach one account at Stripe, and what to ask of it."""

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    api_version: str
    api_base: str = STRIPE_ITSELF
    checkout_domain: str = ""
    methods_by_currency: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    statement_descriptor_suffix: str = ""
    connect_timeout: int = 3
    read_timeout: int = 20
    max_retries: int = 1
    requests_per_second: int = 20
    redis_url: str = ""

    @property
    def is_live(self) -> bool:
        return mode_of(self.api_key) == "live"

    @property
    def page_origin(self) -> str:
        """Where hosted pages are: at Stripe, on the operator's own domain for them, or with a stand-in for Stripe."""
        if self.checkout_domain:
            return f"https://{self.checkout_domain}"
        if self.api_base == STRIPE_ITSELF:
            return HOSTED_CHECKOUT
        parts = urlsplit(self.api_base)
        return f"{parts.scheme}://{parts.netloc}"


def from_settings() -> StripeSettings:
    """Read the portal's settings."""
    return StripeSettings(
        api_key=settings.STRIPE_API_KEY,
        webhook_secrets=tuple(settings.STRIPE_WEBHOOK_SECRETS),
        api_version=settings.STRIPE_API_VERSION,
        api_base=settings.STRIPE_API_BASE,
        checkout_domain=settings.STRIPE_CHECKOUT_DOMAIN,
        methods_by_currency=settings.STRIPE_METHODS_BY_CURRENCY,
        statement_descriptor_suffix=settings.STRIPE_STATEMENT_DESCRIPTOR_SUFFIX,
        connect_timeout=settings.STRIPE_CONNECT_TIMEOUT,
        read_timeout=settings.STRIPE_READ_TIMEOUT,
        max_retries=settings.STRIPE_MAX_RETRIES,
        requests_per_second=settings.STRIPE_REQUESTS_PER_SECOND,
        redis_url=settings.PACING_REDIS_URL,
    )
