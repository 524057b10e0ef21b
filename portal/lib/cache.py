"""A Redis cache that pages survive: down or hung, it is an empty cache."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis, exceptions

logger = logging.getLogger(__name__)

T = TypeVar("T")

# The last two are a replica during failover and a full server: alive, but no use to a page.
UNAVAILABLE = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
)
PATIENCE_SECONDS = 0.5
REST_SECONDS = 1.0
WARN_EVERY_SECONDS = 60.0
EMPTY = DummyCache("", {})


@dataclass(slots=True)
class Outage:
    rest_until: float = 0.0
    silent_until: float = 0.0


_outages: dict[str, Outage] = {}
"""By server and for the whole process: Django makes a cache object per thread."""


class KeptClients(RedisCacheClient):
    """Makes a client once, instead of for every call: that costs as much as the call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        if write not in self._clients:
            self._clients[write] = super().get_client(key, write=write)
        return self._clients[write]


class ForgivingRedisCache(RedisCache):
    """Answer like an empty cache while Redis cannot be reached, and warn once a minute.

    After a failure Redis is left alone for a second, so that a page with ten look-ups waits for a
    hung server once and not ten times.

    Keys that begin with one of `HELD["prefixes"]` are meanwhile kept in the cache `HELD["elsewhere"]`, a slower one that does
    not go away with Redis: `get`, `set`, `add`, `incr`, `touch` and `delete` go there.

    Hazard: for all other keys `add` and `incr` fail open. Without Redis every `add` says "you are the first" and
    every `incr` says "this is the first time": a lock made of `add` does not lock. Whatever else must hold without Redis
    belongs into the database. A `delete` or `set` lost in an outage leaves the old value behind for when Redis returns: a
    page may show it until it times out, a decision must not rest on it.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": PATIENCE_SECONDS,
            "socket_timeout": PATIENCE_SECONDS,
            **params.get("OPTIONS", {}),
        }
        held = params.get("HELD", {})
        super().__init__(server, {**params, "OPTIONS": options})
        self._held, self._elsewhere = tuple(held.get("prefixes", ())), str(held.get("elsewhere", ""))
        self._class = KeptClients
        self._outage = _outages.setdefault(str(server), Outage())

    def _instead(self, key: Any) -> BaseCache:
        """Return what stands in for Redis while it is away."""
        is_held = bool(self._held) and str(key).startswith(self._held)
        return caches[self._elsewhere] if is_held else EMPTY

    def _counted(self, key: Any, delta: int) -> int:
        elsewhere = self._instead(key)
        return delta if elsewhere is EMPTY else elsewhere.incr(key, delta)

    def _attempt(self, operation: Callable[[], T], *, otherwise: Callable[[], T]) -> T:
        now = time.monotonic()
        if now < self._outage.rest_until:
            return otherwise()
        try:
            return operation()
        except UNAVAILABLE as error:
            after = time.monotonic()
            self._outage.rest_until = after + REST_SECONDS
            if after >= self._outage.silent_until:
                self._outage.silent_until = after + WARN_EVERY_SECONDS
                logger.warning("Cache unavailable, going on without it: %s", type(error).__name__)
            return otherwise()

    def get(self, key: Any, default: Any | None = None, version: int | None = None) -> Any:
        return self._attempt(
            partial(super().get, key, default, version), otherwise=lambda: self._instead(key).get(key, default)
        )

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        return self._attempt(partial(super().get_many, keys, version), otherwise=dict)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._attempt(partial(super().has_key, key, version), otherwise=lambda: False)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._attempt(
            partial(super().set, key, value, timeout, version),
            otherwise=lambda: self._instead(key).set(key, value, timeout),
        )

    def set_many(
        self,
        data: dict[Any, Any],
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        unset = list(data)
        return self._attempt(partial(super().set_many, data, timeout, version), otherwise=lambda: unset)

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return self._attempt(
            partial(super().add, key, value, timeout, version),
            otherwise=lambda: self._instead(key).add(key, value, timeout),
        )

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._attempt(partial(super().incr, key, delta, version), otherwise=lambda: self._counted(key, delta))

    def touch(
        self,
        key: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return self._attempt(
            partial(super().touch, key, timeout, version), otherwise=lambda: self._instead(key).touch(key, timeout)
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._attempt(partial(super().delete, key, version), otherwise=lambda: self._instead(key).delete(key))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        self._attempt(partial(super().delete_many, keys, version), otherwise=lambda: None)

    def clear(self) -> None:
        self._attempt(super().clear, otherwise=lambda: None)
