"""`make bench-usage`: records taken in from a file and counted, beside raw SQL that writes the same rows.

Every run works on a fresh copy of one seeded database, and the runs of a round follow each other, so that they meet the
same load. The gates are on ratios within a round, and on memory.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import django
import psycopg
from django.core.management import call_command
from django.db import connection

from tests.benchmarks.measures import Spent
from tests.benchmarks.usage import raw, records
from tests.faults.figures.report import Report
from tests.own_database import copy_of, own_database

SMALLER = 10
"""The memory is held against that of a run with so many times fewer records on the same lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What each way took; `taken` and `rated` are ours."""

    taken: Spent
    rated: Spent
    unnest: Spent
    copied: Spent
    raw_rated: Spent


def main() -> int:
    size = int(os.environ.get("SIZE", "1000000"))
    report = Report()
    with own_database("usage", redis_number=5, DJANGO_SETTINGS_MODULE="tests.benchmarks.settings"):
        django.setup()
        call_command("migrate", verbosity=0)
        lines = records.lines_for(size)
        with _seeded(size // SMALLER, lines=lines) as (name, file):
            smaller = max(one.peak_mb for one in _ours(name, file, size // SMALLER))
        with _seeded(size, lines=lines) as (name, file):
            times = int(os.environ.get("ROUNDS") or (1 if size >= 1_000_000 else 3))
            rounds = [_round(name, file, size, lines=lines) for _ in range(times)]
    _report(report, size, rounds)
    largest = max(one.rated.peak_mb for one in rounds)
    report.figure("usage_memory", f"{largest:.0f}", "MB")
    report.at_most("usage_growth_of_memory", largest - smaller, "MB", most=10)
    return report.close()


def _report(report: Report, size: int, rounds: list[Round]) -> None:
    report.figure("usage_records", size, "records")
    for name, what in (
        ("taken", "taken"), ("raw_unnest", "unnest"), ("raw_copy", "copied"), ("rated", "rated"), ("raw_rated", "raw_rated"),
    ):  # fmt: skip
        spent = [getattr(one, what) for one in rounds]
        assert {one.count for one in spent} == {size}, f"{name}: not the same records"
        report.figure(f"usage_{name}", f"{median(one.per_second for one in spent):.0f}", "records/s")
        report.figure(f"usage_{name}_cpu", f"{median(one.cpu_ms for one in spent):.4f}", "ms")
    taken = median(one.taken.per_second / one.unnest.per_second for one in rounds)
    report.at_least("usage_taken_of_raw_unnest", taken, "x", least=0.2)
    rated = median(one.rated.per_second / one.raw_rated.per_second for one in rounds)
    report.at_least("usage_rated_of_raw", rated, "x", least=0.3)


@contextmanager
def _seeded(size: int, *, lines: int) -> Iterator[tuple[str, Path]]:
    """Seed a copy of the empty database, and write the file of its records."""
    from tests.benchmarks.usage.scene import seed  # noqa: PLC0415 - needs the settings

    connection.close()
    empty = connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory(prefix="portal-usage-") as place, copy_of(empty) as address:
        name = connection.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        seed(lines)
        connection.close()
        file = Path(place) / "usage.ndjson"
        records.write_file(file, size, lines=lines)
        yield name, file
        connection.settings_dict["NAME"] = empty


def _round(name: str, file: Path, size: int, *, lines: int) -> Round:
    with copy_of(name) as dsn:
        copied = raw.take_by_copy(dsn, records.used(size, lines=lines), now=records.NOW)
    with copy_of(name) as dsn:
        unnest = raw.take_by_unnest(dsn, records.used(size, lines=lines), now=records.NOW)
        raw_rated = raw.rate(dsn, now=records.NOW)
        days = _days(dsn)
    taken, rated = _ours(name, file, size, days=days)
    return Round(taken=taken, rated=rated, unnest=unnest, copied=copied, raw_rated=raw_rated)


def _ours(name: str, file: Path, size: int, *, days: tuple[int, ...] = ()) -> tuple[Spent, Spent]:
    with copy_of(name) as dsn:
        run = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.benchmarks.usage.worker", str(file), "--now", records.NOW.isoformat()],
            env={**os.environ, "DATABASE_URL": dsn},
            stdout=subprocess.PIPE,
            check=True,
        )
        told = json.loads(run.stdout)
        assert told["counts"] == [0, 0], "records were put aside"
        assert told["rated"]["count"] == size
        assert not days or _days(dsn) == days, "not the same days"
        return Spent(**told["taken"]), Spent(**told["rated"])


def _days(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as desk:
        query = "SELECT count(*), sum(data_bytes)::bigint, sum(voice_seconds), sum(sms_count) FROM esim_dailyusage"
        return tuple(desk.execute(query).fetchone() or ())


if __name__ == "__main__":
    sys.exit(main())
