"""Keeps a handful of processes running, and ends them all at once."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SETTLED_SECONDS = 30.0
"""A part that ran this long was healthy: its next restart waits no longer than the first."""
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0
PATIENCE_SECONDS = 0.8
"""What is left of the two seconds of a Ctrl-C: every part may be killed, because rows are the truth."""
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


@dataclass
class Part:
    """One process of the portal, in a process group of its own so that its children end with it."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait: float = SHORTEST_WAIT
    start_again_at: float | None = None

    def start(self, environ: dict[str, str]) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        self.started_at, self.start_again_at = time.monotonic(), None

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def is_gone(self) -> bool:
        """Tell whether the process and everything it started has ended."""
        if self.process is None:
            return True
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


@dataclass
class Supervisor:
    """Starts parts, starts those again that die, with growing waits, and stops them in reverse order."""

    environ: dict[str, str]
    say: Say
    parts: list[Part] = field(default_factory=list)

    def start(self, part: Part) -> None:
        self.parts.append(part)
        part.start(self.environ)

    def look_after(self) -> None:
        """Notice what died since the last look, and start again what has waited long enough."""
        now = time.monotonic()
        for part in self.parts:
            if part.start_again_at is not None:
                if now >= part.start_again_at:
                    part.start(self.environ)
            elif part.process is not None and part.process.poll() is not None:
                self._plan_restart(part, now)

    def stop(self) -> None:
        """End every part and whatever it started: asked first, killed when the patience is over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for part in reversed(self.parts):
            part.signal(signal.SIGTERM)
        while time.monotonic() < deadline and not all(part.is_gone() for part in self.parts):
            time.sleep(0.02)
        for part in self.parts:
            part.signal(signal.SIGKILL)
            if part.process is not None:
                part.process.wait()

    def _plan_restart(self, part: Part, now: float) -> None:
        assert part.process is not None  # noqa: S101 - for the reader and mypy
        # A killed master leaves its children on the port that the next one needs.
        part.signal(signal.SIGKILL)
        if now - part.started_at >= SETTLED_SECONDS:
            part.wait = SHORTEST_WAIT
        self.say(f"{part.name} ended ({_how(part.process.returncode)}); starting it again in {part.wait:g} s.")
        self.say(f"  its log: {part.log}")
        part.start_again_at = now + part.wait
        part.wait = min(part.wait * 2, LONGEST_WAIT)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _end_with_parent() -> None:
    """Ask Linux to end this child should the supervisor be killed and unable to do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
