"""`manage.py rotate_encryption_keys`: bring secrets under the newest key."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.key_rotation import rotate_everything


class Command(BaseCommand):
    help = "Re-encrypt every secret under the first key of PORTAL_ENCRYPTION_KEYS; may be interrupted and repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=500, metavar="N", help="rows read at once (500)")

    def handle(self, *_args: Any, batch: int, **_options: Any) -> None:
        reports = rotate_everything(batch=batch)
        for report in reports:
            self.stdout.write(f"{report.label}: {report.rotated} brought under the first key")
        unreadable = [f"{report.label} {pk}" for report in reports for pk in report.unreadable]
        if unreadable:
            raise CommandError(f"Not readable with any key, keep the old ones: {', '.join(unreadable[:20])}")
        self.stdout.write(f"Everything is under the first key. {_next_step()}".rstrip())


def _next_step() -> str:
    if len(settings.PORTAL_ENCRYPTION_KEYS) == 1:
        return ""
    if settings.PORTAL_LOOKUP_KEY:
        return "The others may be dropped."
    return "Set PORTAL_LOOKUP_KEY to the last one before you drop the others: links and hashes were made with it."
