"""Taking turns over what others must see committed first, at no statement of the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

LASTS_SECONDS = 60
"""Longer than any turn takes, a call of a gateway included; whoever died in theirs keeps others waiting for no longer."""
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)


@contextmanager
def turn_at(name: str) -> Iterator[bool]:
    """Wait up to a second until nobody else is at this name, and tell whether it is the caller's turn.

    Hazard: for limits and not for books. While Redis goes away two may have a turn at once, and names that are not
    held meanwhile (`HELD` of the cache) are everybody's.
    """
    is_ours = _taken(name)
    began = time.monotonic()
    try:
        yield is_ours
    finally:
        # Later the turn is over by itself, and may be somebody else's.
        if is_ours and time.monotonic() - began < LASTS_SECONDS:
            cache.delete(name)


def _taken(name: str) -> bool:
    for pause in PAUSES:
        if cache.add(name, 1, timeout=LASTS_SECONDS):
            return True
        time.sleep(pause)
    return cache.add(name, 1, timeout=LASTS_SECONDS)
