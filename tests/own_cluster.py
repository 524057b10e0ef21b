"""A PostgreSQL server for one test, which may be torn down in mid-sentence; the shared one is left alone."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

USER = "postgres"


class NoPrograms(Exception):
    """PostgreSQL's own programs are not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server on a free port of the loopback, with its data in a directory of its own and default durability."""

    programs: Path
    data: Path
    port: int

    @property
    def address(self) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._control("start")

    def tear_down_and_start(self) -> None:
        """Restart as after a crash: no goodbye to anybody, and recovery from the log."""
        self._control("restart", "-m", "immediate")

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def load_schema_of(self, address: str) -> None:
        """Make the tables that another database has, and none of its rows but those of the migrations."""
        dump = [self.programs / "pg_dump", "--no-owner", address]
        schema = subprocess.run([*dump, "--schema-only"], check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own command
        psql = [self.programs / "psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", self.address]
        subprocess.run(psql, input=schema.stdout, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

    def _control(self, *wish: str) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.data}"
        command = [self.programs / "pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", options, *wish]
        _as_user(command)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Make a server, start it, and clear it up in the end; raise NoPrograms where that cannot be."""
    with tempfile.TemporaryDirectory(prefix="portal-postgresql-") as place:
        if os.geteuid() == 0:
            shutil.chown(place, USER)
        cluster = Cluster(programs=find_programs(), data=Path(place) / "data", port=free_port())
        _as_user([cluster.programs / "initdb", "-D", cluster.data, "-U", USER, "--auth=trust", "--encoding=UTF8"])
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


def find_programs() -> Path:
    """Return where `initdb` and `pg_ctl` are: Debian keeps them out of the search path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not installed:
        raise NoPrograms("initdb")
    return installed[-1].parent


def _as_user(command: list[str | Path]) -> None:
    """Run a command of PostgreSQL, which refuses to be root."""
    who = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd="/", **who)  # noqa: S603
