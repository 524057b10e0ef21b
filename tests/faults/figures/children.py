"""What a child of the nursery can be: a worker, a scheduler, or a sweep that falls asleep."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace

from billing import tasks
from portal.celery import TIMETABLE, app
from tests.faults.figures import sleepers, unguarded_workers

MONEY = ("renew-due", "retry-declined", "reconcile-charges", "fulfil-paid-orders")
BEAT_SECONDS = 0.3
WORK = ["worker", "--pool", "threads", "--concurrency", "2", "--without-gossip", "--without-mingle"]

app.loader.import_default_modules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which child, which protections it goes without, and its clock.

    The clock begins at `clock`, began at `began` (seconds since 1970), and goes `speed` seconds in one of ours.
    """

    kind: str
    clock: str
    speed: float
    began: float
    without: Sequence[str] = ()
    step: int = 0

    def grant(self) -> None:
        begins = datetime.fromisoformat(self.clock)
        # Only the edge reads the clock.
        tasks.timezone = SimpleNamespace(
            now=lambda: begins + timedelta(seconds=(time.time() - self.began) * self.speed)
        )
        entries = unguarded_workers.take_away(self.without, entries=MONEY)
        app.conf.beat_schedule = {name: {**TIMETABLE[name], "schedule": BEAT_SECONDS} for name in entries}
        loud = os.environ.get("FAULTS_LOG_LEVEL", "CRITICAL")
        match self.kind:
            case "worker":
                app.worker_main([*WORK, "--loglevel", loud, "--hostname", f"worker{os.getpid()}@%h"])
            case "beat":
                app.Beat(loglevel=loud, pidfile="", quiet=True).run()
            case "sweep":
                sleepers.sweep(step=self.step, now=tasks.timezone.now())
