"""Compare our books with the gateways'."""

from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.core.management.base import CommandError

from billing import gateways
from billing.comparison import Comparison, compare, days_due
from billing.discrepancies import compare_days
from billing.gateways.base import PaymentGateway
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Compares the days that are due with what the gateways say, both ways, and keeps what differs."
    day: date | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", type=_day, metavar="DATE", help="this day, in UTC, whether it is due or not")

    def handle(self, *args: Any, **options: Any) -> None:
        self.day = options.get("day")
        super().handle(*args, **options)

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        lines = [line for gateway in gateways.configured() for line in self._told(gateway, now=now, dry_run=dry_run)]
        return lines or ["nothing is due"]

    def _told(self, gateway: PaymentGateway, *, now: datetime, dry_run: bool) -> list[str]:
        days = [self.day] if self.day else days_due(gateway_name=gateway.name, now=now)
        if dry_run:
            done = [compare(gateway=gateway, day=day, now=now, look_only=True) for day in days]
        else:
            done = compare_days(gateway=gateway, days=days, now=now)
        return [line for comparison in done for line in _lines(gateway.name, comparison)]


def _lines(gateway_name: str, comparison: Comparison) -> list[str]:
    count = len(comparison.differences)
    return [
        f"{gateway_name} {comparison.day}: {comparison.movements} movements, {count} differences",
        *(f"  {one.kind} {one.movement_id}: {one.money}. {one.known}".rstrip() for one in comparison.differences),
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day; write it like 2026-12-21.") from None
