"""Ask the network how much the lines have used."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from esim.carriers import chosen
from esim.models import Line
from esim.tasks import BATCH
from esim.usage import poll_usage
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Asks the network about the lines whose turn it is: usage, and how far the SIM is installed."
    limit = BATCH

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=int, default=BATCH, help="ask about so many lines at most")

    def handle(self, *args: Any, **options: Any) -> None:
        self.limit = options["limit"]
        super().handle(*args, **options)

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would ask about {line.public_id}" for line in Line.objects.usage_poll_due(now)[: self.limit]]
        return [f"asked about {poll_usage(carrier=chosen(), now=now, limit=self.limit)} lines"]
