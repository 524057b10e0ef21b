"""One portal a data directory, one program a port."""

import fcntl
import socket
from pathlib import Path
from types import TracebackType
from typing import Self


class AlreadyRunning(Exception):
    """Another `serve` holds this data directory; the message is its address."""


class PortTaken(Exception):
    """Another program listens there."""


class Claim:
    """A lock on the data directory that the kernel lets go of however this process ends.

    The lock file holds the address of the portal that runs, for whoever comes second.
    """

    def __init__(self, data_dir: Path, address: str) -> None:
        self._path = data_dir / "serve.lock"
        self._address = address

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            address = self._file.read().strip()
            self._file.close()
            raise AlreadyRunning(address) from None
        self._file.truncate(0)
        self._file.write(self._address)
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


def check_port(host: str, port: int) -> None:
    """Raise PortTaken if nothing could listen there."""
    with socket.socket() as probe:
        # Connections of a portal that just stopped linger; they take the port from nobody.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(error.strerror) from error
