"""What scheduled jobs share: their form as a management command, and how long one run may take."""

import time
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

InTime = Callable[[], bool]
"""Tells a job whether it may begin another piece of work."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a run takes for now: the moment it was told, and the whole minutes that have passed since.

    What happens together is of one moment, and a lease given out late in a long run begins late as well.
    """

    told: datetime
    _began: float = field(default_factory=time.monotonic)

    @property
    def now(self) -> datetime:
        return self.told + timedelta(minutes=int((time.monotonic() - self._began) // 60))


class TickCommand(BaseCommand, ABC):
    """A job of the timetable, run by hand: `--at TIME` moves its clock, `--dry-run` only tells.

    Subclasses write `tick`, which returns the lines to print. `dry_runs` says whether the job can tell what it
    would do without doing it.
    """

    dry_runs = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at", type=_moment, default=None, metavar="TIME", help="ISO 8601, such as 2026-12-21T10:00Z"
        )
        if self.dry_runs:
            parser.add_argument("--dry-run", action="store_true", help="print what would be done and do nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        now: datetime = options["at"] or timezone.now()
        self.say(self.tick(now=now, dry_run=options.get("dry_run", False)))

    def say(self, lines: Iterable[str]) -> None:
        """Print lines, also while the job goes on."""
        for line in lines:
            self.stdout.write(line)

    @abstractmethod
    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        """Do the job as of `now` and return what to print, a line each."""


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) or parse_datetime(f"{text}T00:00")
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text!r} is not a time; write it like 2026-12-21T10:00Z.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, timezone.get_default_timezone())


def time_budget(seconds: float) -> InTime:
    """Return what says yes until so many seconds are over."""
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() < ends_at


def always() -> bool:
    """Say yes, for a job that may take the time it needs."""
    return True
