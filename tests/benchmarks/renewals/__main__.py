"""`make bench-renewals`: how fast, and how heavily, renewals run beside raw SQL that writes the same rows.

Every run works on a fresh copy of one seeded database; the runs of a round follow each other, so that they meet the
same load. The gates are on ratios within a round and on CPU, for rates move with the machine. `SCATTERED=1` lets what
is due one after another lie nowhere near, which is the worst there can be.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from urllib.parse import urlsplit

import django
import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from tests.benchmarks.measures import Spent
from tests.benchmarks.renewals import raw, raw_rows
from tests.faults.figures.report import Report
from tests.own_database import copy_of, own_database

BATCH, GROUP = 500, 100
SAMPLE = 2_000
"""Of what goes one by one: its rate does not hang on how many wait."""
SLOW_RENEWALS = 2_000
"""Twenty seconds at the pace allowed, so that the beginning and the end of the sweep weigh little."""
TABLES = (
    "billing_order",
    "billing_charge",
    "billing_ledgerentry",
    "esim_allowance",
    "accounts_notification",
)
"""What a renewal adds a row to, or two."""


@dataclass(slots=True)
class Rounds:
    """What each round measured, by who renewed; `kilobytes` is what the database grows by for a renewal of ours."""

    ours: list[Spent] = field(default_factory=list)
    batched: list[Spent] = field(default_factory=list)
    one_by_one: list[Spent] = field(default_factory=list)
    kilobytes: float = 0.0

    def ratio_to(self, limit: list[Spent]) -> float:
        return median(ours.per_second / theirs.per_second for ours, theirs in zip(self.ours, limit, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A database that is copied for each run: in it `count` are due at `now`, and a batch more."""

    address: str
    now: datetime
    pattern: raw_rows.Pattern
    count: int

    @property
    def name(self) -> str:
        return urlsplit(self.address).path.removeprefix("/")


def main() -> int:
    sizes = sorted(int(size) for size in os.environ.get("SIZES", "1000 10000").split())
    report, seen = Report(), {}
    with own_database("renewals", redis_number=5, DJANGO_SETTINGS_MODULE="tests.benchmarks.settings"):
        django.setup()
        call_command("migrate", verbosity=0)
        for size in sizes:
            with _seeded(size) as seeded:
                seen[size] = _measure(seeded, rounds=_rounds(size))
                _report(report, size, seen[size])
                if size == min(sizes):
                    _one_by_one_of_ours(report, seeded)
        if base := _base(seen):
            # The host changes its pace from minute to minute: growth is judged against what lies on both sides of it.
            with _seeded(base) as seeded:
                seen[base].ours += _measure(seeded, rounds=_rounds(base)).ours
        with _seeded(SLOW_RENEWALS) as seeded:
            _slowly(report, seeded)
    _compare(report, seen)
    return report.close()


def _rounds(size: int) -> int:
    return 5 if size <= 1_000 else 3 if size <= 10_000 else 1


@contextmanager
def _seeded(size: int) -> Iterator[Seeded]:
    """Seed a copy of the empty database, where so many are due, and some more to warm up with."""
    from tests.benchmarks.renewals.seeding import seed  # noqa: PLC0415 - needs the settings

    connection.close()
    empty = connection.settings_dict["NAME"]
    with copy_of(empty) as address:
        connection.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        example = seed(size + BATCH, scattered=os.environ.get("SCATTERED", "") not in ("", "0"))
        connection.close()
        yield Seeded(address=address, now=example.due_at, pattern=raw_rows.pattern_of(address), count=size)
        connection.settings_dict["NAME"] = empty


def _measure(seeded: Seeded, *, rounds: int) -> Rounds:
    seen, written = Rounds(), {}
    wishes = {"pattern": seeded.pattern, "now": seeded.now, "warm_up": BATCH}
    for _ in range(rounds):
        with copy_of(seeded.name) as dsn:
            seen.one_by_one.append(raw.renew_one_by_one(dsn, count=min(SAMPLE, seeded.count), **wishes))
            written["one_by_one"] = _rows_a_renewal(dsn)
        with copy_of(seeded.name) as dsn:
            spent = raw.renew_in_batches(dsn, count=seeded.count, batch=BATCH, group=GROUP, **wishes)
            seen.batched.append(spent)
            written["batched"] = _rows_a_renewal(dsn)
        with copy_of(seeded.name) as dsn:
            before = _size_of(dsn)
            seen.ours.append(_worker(dsn, now=seeded.now))
            seen.kilobytes = (_size_of(dsn) - before) / 1024 / (seeded.count + BATCH)
            written["ours"] = _rows_a_renewal(dsn)
    assert len(set(written.values())) == 1, f"not the same rows: {written}"
    return seen


def _worker(dsn: str, *, now: datetime, wishes: tuple[str, ...] = ()) -> Spent:
    command = [sys.executable, "-m", "tests.benchmarks.renewals.worker", "--now", now.isoformat(), *wishes]
    run = subprocess.run(  # noqa: S603 - our own command
        command, env={**os.environ, "DATABASE_URL": dsn}, stdout=subprocess.PIPE, check=True
    )
    return Spent(**json.loads(run.stdout))


def _size_of(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        return int(size)


def _rows_a_renewal(dsn: str) -> tuple[int, ...]:
    """Return how many rows of each table belong to one renewed period, from the rows younger than the seeded ones."""
    with psycopg.connect(dsn) as connection:
        counts = [
            connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone() or (0,)
            for table in TABLES
        ]
        [seeded] = connection.execute("SELECT count(*) FROM billing_subscription").fetchone() or (0,)
        orders = counts[0][0] - seeded
        entries = {"billing_ledgerentry": 2}
        extra = {"esim_allowance": 1}
        return tuple(
            (total - seeded * entries.get(table, 1) - extra.get(table, 0)) // orders
            for table, (total,) in zip(TABLES, counts, strict=True)
        )


def _report(report: Report, size: int, seen: Rounds) -> None:
    for name, spent in (("ours", seen.ours), ("raw_batched", seen.batched), ("raw_per_row", seen.one_by_one)):
        report.figure(f"renewals_{size}_{name}", f"{median(one.per_second for one in spent):.0f}", "renewals/s")
        report.figure(f"renewals_{size}_{name}_cpu", f"{median(one.cpu_ms for one in spent):.3f}", "ms")
    report.figure(f"renewals_{size}_on_disk", f"{seen.kilobytes:.1f}", "kB a renewal")
    report.at_least(f"renewals_{size}_of_raw_batched", seen.ratio_to(seen.batched), "x", least=0.4)
    report.at_least(f"renewals_{size}_of_raw_per_row", seen.ratio_to(seen.one_by_one), "x", least=4)
    report.at_most(f"renewals_{size}_cpu", median(one.cpu_ms for one in seen.ours), "ms", most=0.3)
    report.at_most(f"renewals_{size}_memory", max(one.peak_mb for one in seen.ours), "MB", most=200)


def _one_by_one_of_ours(report: Report, seeded: Seeded) -> None:
    """Measure the strict mode: one commit a charge."""
    ratios = []
    for _ in range(3):
        with copy_of(seeded.name) as dsn:
            limit = raw.renew_one_by_one(
                dsn, pattern=seeded.pattern, now=seeded.now, count=min(SAMPLE, seeded.count), warm_up=BATCH
            )
        with copy_of(seeded.name) as dsn:
            strict = _worker(dsn, now=seeded.now, wishes=("--group", "1"))
        ratios.append(strict.per_second / limit.per_second)
        report.figure("renewals_strict", f"{strict.per_second:.0f}", "renewals/s")
    report.at_least("renewals_strict_of_raw_per_row", median(ratios), "x", least=0.8)


def _slowly(report: Report, seeded: Seeded) -> None:
    """Measure with a gateway that takes 300 ms and allows 100 a second."""
    with copy_of(seeded.name) as dsn:
        spent = _worker(dsn, now=seeded.now, wishes=("--slow",))
    report.at_least("renewals_slow_gateway", spent.per_second, "renewals/s", least=95)


def _base(seen: dict[int, Rounds]) -> int | None:
    """Return the size that a larger one is held against; None where there are not both."""
    if min(seen) <= 10_000 < max(seen):
        return 10_000 if 10_000 in seen else min(seen)
    return None


def _compare(report: Report, seen: dict[int, Rounds]) -> None:
    smallest, largest = min(seen), max(seen)
    if base := _base(seen):
        growth = median(one.ms for one in seen[largest].ours) / median(one.ms for one in seen[base].ours)
        report.at_most("renewals_growth_of_time", growth, "x", most=1.25)
    if smallest < largest:
        grown = max(one.peak_mb for one in seen[largest].ours) - max(one.peak_mb for one in seen[smallest].ours)
        report.at_most("renewals_growth_of_memory", grown, "MB", most=5)


if __name__ == "__main__":
    sys.exit(main())
