"""Requests to eSIM Go: in turn with those of all other processes, and with one of three outcomes.

https://docs.esim-go.com/guides/rate_limits/ and the responses that the API reference lists with each endpoint.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown
from esim.carriers.esimgo_settings import EsimGoSettings
from portal.lib.http import HttpAnswer, NoAnswer, NoConnection, send
from portal.lib.pacing import Pace, Rate, TooBusy
from portal.lib.redaction import redacted

logger = logging.getLogger(__name__)

BURST = 3
PATIENCE_SECONDS = 10.0
REPEATS_AFTER_429 = 2
LONGEST_PAUSE_SECONDS = 5.0
LONGEST_REASON = 120

DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
REFUSALS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)

Query = Sequence[tuple[str, str]]


class EsimGoClient:
    """One organisation's door to the API; shared by threads."""

    def __init__(self, settings: EsimGoSettings) -> None:
        self._settings = settings
        self._pace = Pace(Rate(per_second=settings.requests_per_second, burst=BURST), redis_url=settings.redis_url)
        self._looks = Pace(Rate(per_second=settings.looks_per_second, burst=BURST), redis_url=settings.redis_url)
        # The key, digested, tells one organisation from another that shares our Redis.
        self._account = sha256(settings.api_key.encode()).hexdigest()[:12]

    def look(self, path: str, query: Query = ()) -> Any:
        """Read something that is read often; raises what `get` raises."""
        self._wait(self._looks, f"esimgo:{self._account}:looks")
        return self.get(path, query)

    def get(self, path: str, query: Query = ()) -> Any:
        """Return the JSON at this path; raises CarrierRefused, NotAsked or OutcomeUnknown."""
        return self._call("GET", path, query)

    def post(self, path: str, payload: Mapping[str, object]) -> Any:
        """Post JSON and return the answer's; raises CarrierRefused, NotAsked or OutcomeUnknown."""
        return self._call("POST", path, payload=payload)

    def put(self, path: str, payload: Mapping[str, object]) -> Any:
        return self._call("PUT", path, payload=payload)

    def delete(self, path: str, query: Query = ()) -> Any:
        return self._call("DELETE", path, query)

    def _call(self, method: str, path: str, query: Query = (), payload: Mapping[str, object] | None = None) -> Any:
        answer = self._send(method, path, query, payload)
        if answer.status in DONE:
            return _json(answer)
        if answer.status in REFUSALS:
            raise CarrierRefused(_reason(answer))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise self._key_refused()
        if answer.status == HTTPStatus.FORBIDDEN:
            # The reference gives it for a bad key as well as for an eSIM that is not ours.
            raise self._key_refused() if self._is_key_refused() else CarrierRefused(_reason(answer))
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise NotAsked("too_many_requests")
        raise OutcomeUnknown(f"http_{answer.status}")

    def _send(self, method: str, path: str, query: Query, payload: Mapping[str, object] | None) -> HttpAnswer:
        for repeat in range(REPEATS_AFTER_429 + 1):
            self._wait(self._pace, f"esimgo:{self._account}")
            answer = self._send_once(method, path, query, payload)
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS or repeat == REPEATS_AFTER_429:
                break
            time.sleep(_pause(answer))
        return answer

    def _send_once(self, method: str, path: str, query: Query, payload: Mapping[str, object] | None) -> HttpAnswer:
        asked = f"?{urlencode(query, safe=':')}" if query else ""
        headers = {"X-API-Key": self._settings.api_key, "Accept": "application/json"}
        timeout = (self._settings.connect_timeout, self._settings.read_timeout)
        try:
            return send(method, f"{self._settings.api_base}{path}{asked}", payload, headers, timeout)
        except NoConnection as error:
            raise NotAsked("no_connection") from error
        except NoAnswer as error:
            raise OutcomeUnknown("no_answer") from error

    def _wait(self, pace: Pace, name: str) -> None:
        try:
            pace.wait(name, patience_seconds=PATIENCE_SECONDS)
        except TooBusy as error:
            raise NotAsked("no_turn") from error

    def _is_key_refused(self) -> bool:
        answer = self._send("GET", "/organisation", (), None)
        return answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

    def _key_refused(self) -> NotAsked:
        logger.error("eSIM Go refuses ESIMGO_API_KEY, or this machine's address: nothing can be delivered.")
        return NotAsked("key_refused")


@lru_cache(maxsize=4)
def client_of(settings: EsimGoSettings) -> EsimGoClient:
    """Return the one client of this process for these settings: its turns are counted in one place."""
    return EsimGoClient(settings)


def segment(text: str) -> str:
    """Return text fit to be one part of a path."""
    return quote(text, safe="")


def _json(answer: HttpAnswer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        # Without the cause, which holds the answer: an activation code may be in it.
        raise OutcomeUnknown("unreadable_answer") from None


def _reason(answer: HttpAnswer) -> str:
    """Return their word for a refusal, for staff."""
    try:
        message = json.loads(answer.body).get("message", "")
    except (ValueError, AttributeError, RecursionError):
        message = ""
    return redacted(str(message))[:LONGEST_REASON] or f"http_{answer.status}"


def _pause(answer: HttpAnswer) -> float:
    asked_for = answer.headers.get("Retry-After", "")
    seconds = float(asked_for) if asked_for.isascii() and asked_for.isdigit() else 1.0
    return min(seconds, LONGEST_PAUSE_SECONDS)
