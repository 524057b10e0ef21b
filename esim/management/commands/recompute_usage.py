"""Count all usage again from the records, and compare."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from esim.recounting import differences


class Command(BaseCommand):
    help = "Counts usage again from all counted records: allowances and days should say the same. Exit code 1 if not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--check", action="store_true", help="only tell what differs")
        what.add_argument("--fix", action="store_true", help="write what the records say")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = 0
        for difference in differences(fix=options["fix"]):
            found += 1
            self.stdout.write(str(difference))
        if options["fix"]:
            self.stdout.write(f"put {found} rows right")
        elif found:
            raise CommandError(f"{found} rows differ from the records.", returncode=1)
        else:
            self.stdout.write("everything agrees with the records")
