"""Gunicorn with two workers, started for a run and stopped after it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN = 90
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return what the workers have used so far; 0 where the system does not tell."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        workers = children.read_text().split() if children.exists() else []
        stats = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split() for worker in workers]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS_A_SECOND


@contextmanager
def gunicorn(application: str, *, settings: str, threads: int = 1, **environ: str) -> Iterator[Server]:
    """Serve on a free port of the loopback, with so many threads in each worker."""
    port = free_port()
    flags = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--preload", "--log-level", "error"]
    if threads > 1:
        flags += ["--worker-class", "gthread", "--threads", str(threads)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "gunicorn", *flags, "--no-control-socket", application],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, **environ},
    )
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < give_up and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"No server came up on port {port}.")
