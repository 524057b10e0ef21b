"""When each job of the timetable last ran anywhere: a hint for people and probes, so it lives in the cache."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache

KEPT = timedelta(days=7)


def remember(job: str, *, now: datetime) -> None:
    cache.set(_key(job), now.timestamp(), timeout=int(KEPT.total_seconds()))


def ages(jobs: Iterable[str], *, now: datetime) -> dict[str, timedelta]:
    """Return how long ago each job last ran; one that the cache knows nothing of is left out."""
    keys = {_key(job): job for job in jobs}
    found = cache.get_many(keys)
    return {keys[key]: timedelta(seconds=max(now.timestamp() - at, 0)) for key, at in found.items()}


def _key(job: str) -> str:
    return f"heartbeat:{job}"
