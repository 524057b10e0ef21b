"""Many at once: what a race test needs."""

import fcntl
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

from django.db import connection

FEW = 40
"""Beside a crowd of fifty there is room for no more: PostgreSQL as it comes has a hundred connections for everybody."""


def together(count, work):
    """Run `work(i)` in `count` threads that start at the same moment; return results and errors, in order."""
    barrier = Barrier(count)

    def one(number):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return work(number)
        except Exception as error:  # noqa: BLE001 - the test looks at what went wrong
            return error
        finally:
            connection.close()

    with _room_for(count), ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@contextmanager
def _room_for(count):
    """Let the large crowds of all processes come one after another."""
    if count <= FEW:
        yield
        return
    with Path(tempfile.gettempdir(), f"portal-tests-crowd-{os.getuid()}").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def wait_for_a_slow_one():
    """Wait until somebody is in the middle of a `slowed` statement: it is written, and not committed."""
    asleep = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        with connection.cursor() as cursor:
            cursor.execute(asleep)
            if cursor.fetchone():
                return
        time.sleep(0.01)
    raise TimeoutError("Nobody was slowed down.")


@contextmanager
def slowed(table, event, *, seconds=0.1):
    """Make PostgreSQL dawdle over each such statement, so that a window of microseconds becomes one to fall into."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(TG_ARGV[0]::float); RETURN NULL; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER dawdle AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION dawdle('{seconds}')"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION dawdle CASCADE")


@contextmanager
def without_constraint(model, name, *, clean_up):
    """Take a constraint away, for a control that must go wrong; `clean_up` deletes what it would not have allowed."""
    constraint = next(one for one in model._meta.constraints if one.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        clean_up()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)
