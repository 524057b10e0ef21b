"""What some work took: time, CPU of this process and of its PostgreSQL backend, memory."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What `count` renewals took; `peak_mb` is the most memory the process ever had."""

    count: int
    seconds: float
    client_seconds: float
    backend_seconds: float
    peak_mb: float = 0.0

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU of client and backend for one renewal."""
        return (self.client_seconds + self.backend_seconds) * 1000 / self.count

    @property
    def ms(self) -> float:
        return self.seconds * 1000 / self.count


class Watch:
    """Runs from when it is made."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self._cpu = time.process_time(), backend_seconds(backend)
        self._began = time.perf_counter()

    def stop(self, count: int) -> Spent:
        seconds = time.perf_counter() - self._began
        client, backend = self._cpu
        return Spent(
            count=count,
            seconds=seconds,
            client_seconds=time.process_time() - client,
            backend_seconds=backend_seconds(self._backend) - backend,
            peak_mb=peak_mb(),
        )


def backend_seconds(pid: int) -> float:
    """Return the CPU a process has used, in seconds; 0 where PostgreSQL runs elsewhere."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def peak_mb() -> float:
    """Return the most memory this process had so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
