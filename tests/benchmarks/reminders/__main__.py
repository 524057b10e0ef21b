"""`make bench-reminders`: the sweep over a million lines of which one in a hundred is due, beside raw SQL pages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from urllib.parse import urlsplit

import django
from django.core.management import call_command
from django.db import connection

from tests.benchmarks.measures import Spent
from tests.benchmarks.reminders import raw
from tests.faults.figures.report import Report
from tests.own_database import copy_of, own_database

ROUNDS = 5
LEAST = 0.15
SMALLER = 10
"""The memory is held against that of a run with so many times fewer due."""


def main() -> int:
    size = int(os.environ.get("SIZE", "1000000"))
    report = Report()
    with own_database("reminders", redis_number=5, DJANGO_SETTINGS_MODULE="tests.benchmarks.settings"):
        django.setup()
        call_command("migrate", verbosity=0)
        with _seeded(size // SMALLER) as name:
            smaller = _round(name)[0]
        with _seeded(size) as name:
            rounds = [_round(name) for _ in range(ROUNDS)]
    ours, limit = [one for one, _ in rounds], [one for _, one in rounds]
    assert {one.count for one in ours} == {one.count for one in limit}, "not the same reminders"
    report.figure("reminders_lines", size, "lines")
    report.figure("reminders_written", ours[0].count, "reminders")
    for name, spent in (("ours", ours), ("raw_pages", limit)):
        report.figure(f"reminders_{name}", f"{median(one.per_second for one in spent):.0f}", "reminders/s")
        report.figure(f"reminders_{name}_cpu", f"{median(one.cpu_ms for one in spent):.4f}", "ms")
    ratio = median(one.per_second / raws.per_second for one, raws in rounds)
    report.at_least("reminders_of_raw_pages", ratio, "x", least=LEAST)
    report.at_most("reminders_growth_of_memory", max(one.peak_mb for one in ours) - smaller.peak_mb, "MB", most=5)
    return report.close()


@contextmanager
def _seeded(size: int) -> Iterator[str]:
    from tests.benchmarks.reminders.scene import seed  # noqa: PLC0415 - needs the settings

    connection.close()
    empty = connection.settings_dict["NAME"]
    with copy_of(empty) as address:
        name = connection.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        seed(size)
        connection.close()
        yield name
        connection.settings_dict["NAME"] = empty


def _round(name: str) -> tuple[Spent, Spent]:
    """Let us, and then raw SQL, write the reminders, each on a fresh copy."""
    from tests.benchmarks.reminders.scene import NOW  # noqa: PLC0415 - needs the settings

    with copy_of(name) as dsn:
        run = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.benchmarks.reminders.worker", "--now", NOW.isoformat()],
            env={**os.environ, "DATABASE_URL": dsn},
            stdout=subprocess.PIPE,
            check=True,
        )
        ours = Spent(**json.loads(run.stdout))
    with copy_of(name) as dsn:
        return ours, raw.remind(dsn, now=NOW)


if __name__ == "__main__":
    sys.exit(main())
