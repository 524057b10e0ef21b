"""Taking in usage records that come by file or API: each once, whatever came before it or comes again.

They are written down here and counted by `esim.rating`. A batch is a transaction, so a sender who breaks off can send
everything again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import transaction

from esim import intake_rows as rows
from esim.intake_checks import Checked, MakesNoSense, RawRecord, Reason, checked
from esim.intake_rows import Owner, PutAside, Row

BATCH = 2_000
PROBLEMS_TOLD = 100
OLDER_THAN_LINE = timedelta(days=1)
"""Clocks of networks differ; what is older than the line by more was somebody else's."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a record was put aside; `position` counts from 1."""

    position: int
    record_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of records; of those put aside `problems` names the first PROBLEMS_TOLD."""

    new: int = 0
    repeated: int = 0
    put_aside: int = 0
    problems: Sequence[Problem] = field(default=(), repr=False)

    @property
    def read(self) -> int:
        return self.new + self.repeated + self.put_aside

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            new=self.new + other.new,
            repeated=self.repeated + other.repeated,
            put_aside=self.put_aside + other.put_aside,
            problems=[*self.problems, *other.problems][:PROBLEMS_TOLD],
        )


def take_in(*, records: Iterable[RawRecord], source: str, now: datetime) -> Counts:
    """Write down what is new among records, however many; what makes no sense is put aside with its reason."""
    counts = Counts()
    for batch in batches(records):
        counts += take_in_batch(batch, source=source, first=counts.read + 1, now=now)
    return counts


def batches(records: Iterable[T]) -> Iterator[list[T]]:
    """Cut a stream up; what could be read before it broke off comes before the error."""
    remaining = iter(records)
    while True:
        batch: list[T] = []
        try:
            batch.extend(islice(remaining, BATCH))
        except Exception:
            if batch:
                yield batch
            raise
        if not batch:
            return
        yield batch


@transaction.atomic
def take_in_batch(batch: Sequence[RawRecord], *, source: str, now: datetime, first: int = 1) -> Counts:
    """Write down one batch; `first` is the position of its first record."""
    given, aside = _sort_out(batch, now=now)
    known = rows.write([row for _number, row in given.values()], source=source, now=now)
    repeated = len(batch) - len(given) - len(aside)
    for record_id, row in known.items():
        number, mine = given[record_id]
        if mine == row:
            repeated += 1
        else:
            aside[number] = Reason.CONFLICTING
    if aside:
        rows.put_aside([PutAside(batch[number], aside[number]) for number in sorted(aside)], source=source, now=now)
    return Counts(
        new=len(given) - len(known),
        repeated=repeated,
        put_aside=len(aside),
        problems=[
            Problem(position=first + number, record_id=str(batch[number].record_id or "")[:80], reason=aside[number])
            for number in sorted(aside)[:PROBLEMS_TOLD]
        ],
    )


def _sort_out(batch: Sequence[RawRecord], *, now: datetime) -> tuple[dict[str, tuple[int, Row]], dict[int, Reason]]:
    """Return what to write, by id, with its place in the batch; and why the records at other places are put aside."""
    sensible: list[tuple[int, Checked]] = []
    aside: dict[int, Reason] = {}
    for number, raw in enumerate(batch):
        try:
            sensible.append((number, checked(raw, now=now)))
        except MakesNoSense as error:
            aside[number] = error.reason
    of_iccid = rows.by_iccid({one.iccid for _number, one in sensible if one.iccid})
    of_msisdn = rows.by_msisdn({one.msisdn for _number, one in sensible if not one.iccid})
    given: dict[str, tuple[int, Row]] = {}
    for number, one in sensible:
        owners = [of_iccid[one.iccid]] if one.iccid in of_iccid else of_msisdn.get("" if one.iccid else one.msisdn, [])
        owner = _owner(owners, at=one.at)
        if owner is None:
            aside[number] = Reason.TOO_OLD if owners else Reason.UNKNOWN_ICCID
            continue
        row = Row(one.record_id, owner.line_id, one.at, one.data_bytes, one.voice_seconds, one.sms_count)
        _place, before = given.setdefault(one.record_id, (number, row))
        if before != row:
            aside[number] = Reason.CONFLICTING
    return given, aside


def _owner(owners: Iterable[Owner], *, at: datetime) -> Owner | None:
    """Return whose line it was at that moment; the youngest comes first."""
    owners = list(owners)
    sure = next((owner for owner in owners if owner.since <= at), None)
    return sure or next((one for one in owners if not one.took_over and one.since - OLDER_THAN_LINE <= at), None)
