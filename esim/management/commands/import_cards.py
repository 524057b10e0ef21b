"""Take a sheet of cards into stock that is too long for the staff pages."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tablib import Dataset  # type: ignore[import-untyped]

from accounts import audit
from esim.card_sheet import CardResource


class Command(BaseCommand):
    help = "Takes a CSV of cards into stock, whole or not at all; bad rows are told by line. --dry-run only checks it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            dataset = Dataset().load(options["file"].read_text("utf-8-sig"), format="csv")
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']} can't be read as CSV: {error}") from error
        now = timezone.now()
        sheet = CardResource(now=now, most_rows=None)
        result = sheet.import_data(dataset, dry_run=options["dry_run"], rollback_on_validation_errors=True)
        if faults := self._faults(result):
            raise CommandError("\n".join([*faults, "Nothing was imported."]))
        if result.doubtful:
            self.stdout.write(f"The check digit looks wrong on lines {', '.join(map(str, result.doubtful))}.")
        if not options["dry_run"]:
            cards = {"cards": result.total_rows}
            audit.record(actor=None, subject=None, action="card.imported", detail=cards, now=now)
        self.stdout.write(f"{result.total_rows} cards {'would be' if options['dry_run'] else 'were'} imported.")

    def _faults(self, result: Any) -> list[str]:
        whole = [str(error.error) for error in result.base_errors]
        broken = [f"Line {number + 1}: {error.error}" for number, errors in result.row_errors() for error in errors]
        invalid = [
            f"Line {row.number + 1}, {column}: {' '.join(faults)}"
            for row in result.invalid_rows
            for column, faults in row.error_dict.items()
        ]
        return [*whole, *broken, *invalid]
