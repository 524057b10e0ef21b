"""Workers and schedulers of the portal in processes of their own, which a test starts, stops, wakes and kills."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import redis

QUEUE = 7
"""Its database of Redis; see queue_settings."""
SPEED = 200
"""A lease of ten minutes is over in three seconds."""
BEHIND = timedelta(days=2)
"""How far behind ours the portal's clock begins, and so behind Stripe's: who is ahead does not find what is new."""
SMALL_STEPS = {"RENEWAL_BATCH": "20", "RENEWALS_IN_A_COMMIT": "5", "RENEWAL_CALLS_AT_ONCE": "4"}
"""So that a sweep lasts, and many may share it."""
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.faults.figures.queue_settings",
    # Celery warns of running as root, as tests in a container do.
    "PYTHONWARNINGS": "ignore",
}


@dataclass(kw_only=True)
class Workers:
    """The processes of one scene, named by their ids; those still alive in the end are killed."""

    nursery: "Nursery"
    clock: datetime
    speed: float
    without: Sequence[str]
    began: float = field(default_factory=time.time)
    _children: set[int] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """The moment that the portal's clock shows."""
        return self.clock + timedelta(seconds=(time.time() - self.began) * self.speed)

    def start(self, kind: str, **wishes: int) -> int:
        """Start a "worker", a "beat", or a "sweep" that falls asleep at its `step`."""
        clock = {"clock": self.clock.isoformat(), "speed": self.speed, "began": self.began}
        child = self.nursery.ask({"kind": kind, "without": self.without, **clock, **wishes})
        self._children.add(child)
        return child

    def signal(self, child: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child, number)

    def kill_all(self) -> None:
        """End all as a power cut would."""
        for child in self._children:
            self.signal(child, signal.SIGKILL)
        self._children.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nursery:
    """A process that has loaded the portal, and forks children off itself."""

    process: "subprocess.Popen[str]"
    redis_url: str

    @contextmanager
    def scene(self, *, clock: datetime, speed: float = SPEED, without: str = "") -> Iterator[Workers]:
        """Begin with an empty queue: what earlier schedulers asked for are not the wishes of this scene."""
        with redis.Redis.from_url(f"{self.redis_url}/{QUEUE}") as client:
            client.flushdb()
        workers = Workers(nursery=self, clock=clock, speed=speed, without=[without] if without else [])
        try:
            yield workers
        finally:
            workers.kill_all()

    def ask(self, wish: Mapping[str, object]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(wish)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def nursery(**environ: str) -> Iterator[Nursery]:
    """Load the portal once, to fork its processes from; they end with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.figures.nursery"],
        env={**os.environ, **SETTINGS, **SMALL_STEPS, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Nursery(process=process, redis_url=environ.get("REDIS_URL") or os.environ["REDIS_URL"])
        finally:
            assert process.stdin is not None
            process.stdin.close()


def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until something is so, and tell whether it came to that."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(0.05)
    return False
