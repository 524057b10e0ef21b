"""Lets a test's clean-up empty tables that refuse it, and nothing else."""

from contextlib import contextmanager


@contextmanager
def triggers_resting(connection):
    """Put our triggers to sleep for the length of the block, which runs in one transaction."""
    read_switches = {"postgresql": _postgresql_switches, "sqlite": _sqlite_switches}[connection.vendor]
    switches = read_switches(connection)
    with connection.cursor() as cursor:
        for off, _on in switches:
            cursor.execute(off)
        yield
        for _off, on in switches:
            cursor.execute(on)


def _postgresql_switches(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        tables = [table for (table,) in cursor.fetchall()]
    return [(f"ALTER TABLE {name} DISABLE TRIGGER USER", f"ALTER TABLE {name} ENABLE TRIGGER USER") for name in tables]


def _sqlite_switches(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return [(f"DROP TRIGGER {name}", sql) for name, sql in cursor.fetchall()]
