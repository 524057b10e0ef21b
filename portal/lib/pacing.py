"""Taking turns: no more than so many calls a second to somebody, however many processes call.

A token bucket, kept as one number: the moment at which the bucket will be full again (known as GCRA). Whoever comes
takes the next turn at once and is told how long to wait for it, so nobody asks twice and nobody is overtaken.
"""

import logging
import threading
import time
from dataclasses import dataclass

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

MICROSECONDS = 1_000_000
REDIS_PATIENCE_SECONDS = 0.5
REST_SECONDS = 5.0
"""How long Redis is left alone after it failed to answer."""

# Redis' own clock: those of several machines differ by more than a turn lasts.
TAKE_TURN = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = math.max(full_at - (burst - 1) * interval - now, 0)
if wait > patience then return -1 end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1000)
return math.ceil(wait)
"""


class TooBusy(Exception):
    """No turn came up within the caller's patience; nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`per_second` turns in the long run, `burst` of them at once after a pause."""

    per_second: float
    burst: int = 1

    @property
    def interval(self) -> int:
        """Microseconds from one turn to the next."""
        return round(MICROSECONDS / self.per_second)


class Pace:
    """Turns at one rate, counted by name in the Redis at `redis_url` and so shared by all who know that Redis.

    Hazard: without Redis (`redis_url` empty, or an outage) each process counts for itself, and together they exceed
    the rate. Whoever is called must be able to refuse.
    """

    def __init__(self, rate: Rate, *, redis_url: str) -> None:
        self._rate = rate
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._rest_until = 0.0
        self._redis = _client(redis_url) if redis_url else None
        self._script = self._redis.register_script(TAKE_TURN) if self._redis else None

    def wait(self, name: str, *, patience_seconds: float) -> None:
        """Sleep until it is our turn at `name`; raise TooBusy at once where that takes longer than the patience."""
        time.sleep(self.take_turn(name, patience_seconds=patience_seconds))

    def take_turn(self, name: str, *, patience_seconds: float) -> float:
        """Take the next turn at `name` and return the seconds until then; raise TooBusy."""
        patience = round(patience_seconds * MICROSECONDS)
        wait = self._ask_redis(name, patience)
        if wait is None:
            wait = self._count_here(name, patience)
        if wait < 0:
            raise TooBusy(name)
        return wait / MICROSECONDS

    def close(self) -> None:
        """Let go of the connections to Redis."""
        if self._redis is not None:
            self._redis.close()

    def _ask_redis(self, name: str, patience: int) -> int | None:
        if self._script is None or time.monotonic() < self._rest_until:
            return None
        try:
            return int(self._script(keys=[f"pace:{name}"], args=[self._rate.interval, self._rate.burst, patience]))
        except RedisError as error:
            self._rest_until = time.monotonic() + REST_SECONDS
            logger.warning("Redis unavailable, each process paces itself: %s", type(error).__name__)
            return None

    def _count_here(self, name: str, patience: int) -> int:
        interval = self._rate.interval
        with self._lock:
            now = time.monotonic() * MICROSECONDS
            full_at = max(self._full_at.get(name, now), now)
            wait = max(full_at - (self._rate.burst - 1) * interval - now, 0)
            if wait > patience:
                return -1
            self._full_at[name] = full_at + interval
        return round(wait)


def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=REDIS_PATIENCE_SECONDS,
        socket_connect_timeout=REDIS_PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
