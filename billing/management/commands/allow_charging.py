"""Let automatic charging go on after a stop."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing import charging_stops


class Command(BaseCommand):
    help = "Lifts the stop of automatic charges; what came due meanwhile is charged at the next tick, each once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", required=True, help="kept in the audit trail and shown to staff")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not charging_stops.lift(reason=options["reason"], actor=None, ip=None, now=timezone.now()):
            raise CommandError("Nobody has stopped automatic charging.")
        self.stdout.write("Automatic charges go on at the next tick.")
