"""What the operator says about eSIM Go, in one value."""

from dataclasses import dataclass, field

from django.conf import settings

ESIMGO = "esimgo"
"""What our rows call this carrier."""

ESIMGO_ITSELF = "https://api.esim-go.com/v2.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class EsimGoSettings:
    """How to reach one organisation at eSIM Go; `api_key` also signs what they post to us.

    `looks_per_second` holds for status and usage, on top of the general rate: a reseller was barred for 1,200 of
    these in four minutes.
    """

    api_key: str = field(repr=False)
    api_base: str = ESIMGO_ITSELF
    apn: str = ""
    connect_timeout: float = 3.05
    read_timeout: float = 30
    requests_per_second: int = 5
    looks_per_second: int = 2
    redis_url: str = field(default="", repr=False)


def from_settings() -> EsimGoSettings:
    """Read the portal's settings."""
    return EsimGoSettings(
        api_key=settings.ESIMGO_API_KEY,
        api_base=settings.ESIMGO_API_BASE,
        apn=settings.ESIMGO_APN,
        requests_per_second=settings.ESIMGO_REQUESTS_PER_SECOND,
        redis_url=settings.PACING_REDIS_URL,
    )
