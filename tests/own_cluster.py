"""A PostgreSQL server for one test, which may be torn down in mid-sentence; the shared one is left alone.

Where none can be started, the database of the test at the shared server is: it loses every connection and takes none.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.servers import free_port

USER = "postgres"
AWAY_SECONDS = 1
# Root of a container may not be allowed to become anybody else, but to call itself by another number.
RENAMED = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


class NoServer(Exception):
    """No server can be started here: PostgreSQL's programs are missing, or refuse to be run by whoever we are."""


class Tearable(Protocol):
    def tear_down_and_start(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDatabase:
    """One database of a server that others use, too."""

    address: str

    def tear_down_and_start(self) -> None:
        """Cut every connection to it, and let nobody in for a while."""
        parts = urlsplit(self.address)
        name = sql.Identifier(parts.path.lstrip("/"))
        with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as desk:
            desk.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            try:
                desk.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [parts.path.lstrip("/")],
                )
                time.sleep(AWAY_SECONDS)
            finally:
                desk.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A server on a free port of the loopback, with its data in a directory of its own and default durability."""

    programs: Path
    data: Path
    port: int
    prefix: Sequence[str] = ()
    user: str | None = None

    @property
    def address(self) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        self._run("initdb", "-D", self.data, "-U", USER, "--auth=trust", "--encoding=UTF8")

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
        # No socket in the file system: the path of a temporary directory may be longer than one may be.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", options, *wish)

    def _run(self, program: str, *arguments: str | Path) -> None:
        """Run a command of PostgreSQL, which refuses to be root."""
        command = [*self.prefix, self.programs / program, *arguments]
        who = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd="/", **who)  # noqa: S603


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Make a server, start it, and clear it up in the end; raise NoServer where that cannot be."""
    with ExitStack() as places:
        cluster = _started(places)
        try:
            yield cluster
        finally:
            cluster.stop()


def _started(places: ExitStack) -> Cluster:
    """Try every way to be somebody whom PostgreSQL serves."""
    ways: list[tuple[Sequence[str], str | None]] = [((), USER), (RENAMED, None)] if os.geteuid() == 0 else [((), None)]
    programs = find_programs()
    for prefix, user in ways:
        place = Path(places.enter_context(tempfile.TemporaryDirectory(prefix="portal-postgresql-")))
        cluster = Cluster(programs=programs, data=place / "data", port=free_port(), prefix=prefix, user=user)
        try:
            if user:
                shutil.chown(place, user)
            cluster.make()
            cluster.start()
        except (OSError, LookupError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"  no server as {user or 'ourselves'}: {error}\n")
        else:
            return cluster
    raise NoServer


def find_programs() -> Path:
    """Return where `initdb` and `pg_ctl` are: Debian keeps them out of the search path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not installed:
        raise NoServer
    return installed[-1].parent
