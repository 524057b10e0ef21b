"""Sessions in the database, read through the cache."""

from django.contrib.sessions.backends import cached_db

SHORTEST_KEY = 8


class SessionStore(cached_db.SessionStore):
    """Django's, but a cookie that cannot be a session key is looked up nowhere.

    A quoted cookie may hold any character, and PostgreSQL answers one with a NUL in it with an error.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) >= SHORTEST_KEY and key.isascii() and key.isalnum()
