"""Sessions in the database, read through the cache, which is believed for minutes."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

SHORTEST_KEY = 8
CACHED_SECONDS = 300


class Briefly:
    """A cache that forgets sessions soon: one that ended while Redis was away would else go on when it is back."""

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        return self._cache.get(key)

    def set(self, key: str, data: dict[str, Any], age: int) -> None:
        self._cache.set(key, data, min(age, CACHED_SECONDS))

    def delete(self, key: str) -> bool:
        return self._cache.delete(key)

    def __contains__(self, key: str) -> bool:
        return key in self._cache


class SessionStore(cached_db.SessionStore):
    """Django's, but a cookie that cannot be a session key is looked up nowhere.

    A quoted cookie may hold any character, and PostgreSQL answers one with a NUL in it with an error.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = Briefly(caches[settings.SESSION_CACHE_ALIAS])

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) >= SHORTEST_KEY and key.isascii() and key.isalnum()
