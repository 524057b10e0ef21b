"""How requests to Stripe leave: in turn with those of all other processes, and again where Stripe had too many."""

import random
import re
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import stripe

from billing.gateways.stripe_settings import StripeSettings
from portal.lib.pacing import Pace, Rate

BURST = 5
TURN_PATIENCE_SECONDS = 10.0
"""How long a request may wait for its turn."""
RESOURCE = re.compile(r"(/v1/(?:checkout/)?[a-z_]+)(/[^/]+)?(/[a-z_]+)?")
TOO_MANY_REQUESTS = 429
BACK_OFF_SECONDS = 0.5
BACK_OFF_BUDGET_SECONDS = 8.0
"""How long a request is repeated while Stripe has too many, all pauses together."""


class PacedTransport(stripe.RequestsClient):
    """Waits for its turn before each request, and backs off from a 429.

    The library itself repeats after broken connections and errors of Stripe's, and each time comes through here; a
    429 it repeats only when told to, without looking at `Retry-After`.
    """

    def __init__(self, settings: StripeSettings) -> None:
        super().__init__(timeout=(settings.connect_timeout, settings.read_timeout))
        self._pace = Pace(
            Rate(per_second=settings.requests_per_second, burst=BURST),
            redis_url=settings.redis_url,
        )
        # Stripe counts by account; one account's key, digested, tells it from another that shares our Redis.
        self._account = sha256(settings.api_key.encode()).hexdigest()[:12]

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send a request and return its answer; raise TooBusy where its turn is too far off."""
        turn = f"stripe:{self._account}:{endpoint_of(method, url)}"
        waited = 0.0
        attempt = 0
        while True:
            self._pace.wait(turn, patience_seconds=TURN_PATIENCE_SECONDS)
            answer = super().request(method, url, headers, post_data)
            pause = pause_before(attempt + 1, answer[2])
            if answer[1] != TOO_MANY_REQUESTS or waited + pause > BACK_OFF_BUDGET_SECONDS:
                return answer
            time.sleep(pause)
            waited += pause
            attempt += 1


def endpoint_of(method: str, url: str) -> str:
    """Return what Stripe's limits are counted by: the method and the path without the id in it."""
    path = urlsplit(url).path
    match = RESOURCE.fullmatch(path)
    if match is None:
        return f"{method.upper()} {path}"
    resource, one, action = match.groups()
    return f"{method.upper()} {resource}{'/:id' if one else ''}{action or ''}"


def pause_before(attempt: int, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait before this repeat: twice as long each time, shaken so that not all come at once."""
    asked_for = headers.get("Retry-After", "")
    least = float(asked_for) if asked_for.isascii() and asked_for.isdigit() else 0.0
    grown: float = BACK_OFF_SECONDS * 2.0 ** (attempt - 1)
    return max(least, grown * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
