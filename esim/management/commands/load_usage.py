"""Take in a file of usage records: CSV or NDJSON, gzipped or not."""

import hashlib
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from esim.intake import Counts, batches, take_in_batch
from esim.intake_checks import RawRecord
from esim.intake_formats import BrokenOff, Unreadable, from_file, pieces
from esim.models import UsageImport, UsageRecord
from esim.rating import rate_due


class Command(BaseCommand):
    help = (
        "Takes in a file of usage records (CSV with a header, or NDJSON; either gzipped) and counts them. "
        "Run again after a crash it goes on where it was; a file sent again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="whose records these are; their ids are unique in it")
        parser.add_argument("--again", action="store_true", help="read a file that was read to its end before")
        parser.add_argument("--no-rating", action="store_true", help="leave the counting to the scheduler")

    def handle(self, *_args: Any, **options: Any) -> None:
        path, source = options["file"], options["source"]
        if not 0 < len(source) <= (UsageRecord._meta.get_field("source").max_length or 0):  # noqa: SLF001 - documented
            raise CommandError("The name of a source has 1 to 20 characters.")
        try:
            with path.open("rb") as file:
                self._load(file, source=source, again=options["again"])
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        finally:
            if not options["no_rating"]:
                self.stdout.write(f"counted {rate_due(now=timezone.now())} records")

    def _load(self, file: BufferedReader, *, source: str, again: bool) -> None:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        file.seek(0)
        name = Path(file.name).name[:200]
        load, _is_new = UsageImport.objects.get_or_create(source=source, digest=digest, defaults={"name": name})
        if load.ended_at and not again:
            self.stdout.write(f"{name} was taken in on {load.ended_at:%Y-%m-%d %H:%M} UTC; nothing to do.")
            return
        if load.ended_at:
            load.records_read, load.ended_at = 0, None
        if load.records_read:
            self.stdout.write(f"goes on after record {load.records_read}")
        try:
            self._read(load, file, size=size)
        except BrokenOff:
            raise CommandError(
                f"{name} ends in the middle: {_told(load)}. Have the whole file sent again and load it; "
                "what was taken in counts once. (A CSV file ends with a line break.)"
            ) from None
        except Unreadable as error:
            raise CommandError(f"{name} cannot be read: {error} So far {_told(load)}.") from None
        self.stdout.write(f"{name}: {_told(load)}")

    def _read(self, load: UsageImport, file: BufferedReader, *, size: int) -> None:
        records = from_file(pieces(file.read))
        try:
            for batch in batches(_after(records, load.records_read)):
                _take_in(load, batch)
                self._show(file.tell(), size)
        finally:
            self._show(size, size, ending="\n")
        load.ended_at = timezone.now()
        load.save()

    def _show(self, done: int, size: int, *, ending: str = "") -> None:
        if self.stdout.isatty():
            width = shutil.get_terminal_size().columns - 8
            share = done / size if size else 1.0
            filled = "█" * int(share * width)
            self.stdout.write(f"\r{filled:<{width}} {share:5.0%}", ending=ending)
            self.stdout.flush()


def _after(records: Iterator[RawRecord], count: int) -> Iterator[RawRecord]:
    return islice(records, count, None)


@transaction.atomic
def _take_in(load: UsageImport, batch: list[RawRecord]) -> None:
    """Write down a batch and how far that is, or neither."""
    counts: Counts = take_in_batch(batch, source=load.source, first=load.records_read + 1, now=timezone.now())
    load.records_read += counts.read
    load.counted += counts.new
    load.repeated += counts.repeated
    load.put_aside += counts.put_aside
    load.save()


def _told(load: UsageImport) -> str:
    return f"{load.records_read} records read, {load.counted} new, {load.repeated} known before, {load.put_aside} put aside"
