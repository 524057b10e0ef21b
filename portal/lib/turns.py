"""Taking turns over something that has no row to lock yet."""

from django.db import connection


def take_turns(*names: str) -> None:
    """Wait until nobody else is at these names; they are free again when the caller's transaction ends.

    SQLite lets one transaction write at a time (IMMEDIATE), so there is nothing to wait for.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Turns are given back by the end of a transaction, and there is none.")
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        # In one order everywhere: two people with two names each never wait for one another.
        for name in sorted(names):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
