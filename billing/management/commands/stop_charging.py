"""Stop everything that is charged without a click."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing import charging_stops


class Command(BaseCommand):
    help = "Stops all automatic charges, within seconds also those of a running sweep. Pages go on serving."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="kept in the audit trail and shown to staff")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not charging_stops.stop(reason=options["reason"], actor=None, ip=None, now=timezone.now()):
            raise CommandError("Automatic charging is stopped already.")
        self.stdout.write("Nothing is charged automatically from now on.")
