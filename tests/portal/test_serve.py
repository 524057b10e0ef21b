"""`manage.py serve`: one command, everything runs, and nothing stays behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings

from portal.serve.claim import AlreadyRunning, Claim, PortTaken, check_port

NAMES = ["valkey", "web", "worker", "beat"]
MARKS = {"valkey": "valkey-server", "web": "gunicorn", "worker": " worker ", "beat": " beat "}


def test_one_portal_a_data_directory(tmp_path):
    with (
        Claim(tmp_path, "http://localhost:8000"),
        pytest.raises(AlreadyRunning, match="http://localhost:8000"),
        Claim(tmp_path, "http://localhost:8001"),
    ):
        pass


def test_the_claim_ends_with_the_process_that_held_it(tmp_path):
    with Claim(tmp_path, "http://localhost:8000"):
        pass

    with Claim(tmp_path, "http://localhost:8001"):
        assert (tmp_path / "serve.lock").read_text() == "http://localhost:8001"


def test_a_taken_port_is_told_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        check_port("127.0.0.1", taken.getsockname()[1])


class Portal:
    """A running `serve`, as its user sees it."""

    def __init__(self, data_dir, port):
        self.port = port
        quiet = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        for name in ("DJANGO_SETTINGS_MODULE", "SECRET_KEY", "PORTAL_ENCRYPTION_KEYS"):
            quiet.pop(name, None)
        self.environ = {**quiet, "PORTAL_DATA_DIR": str(data_dir), "PORTAL_DEMO": "1"}
        self.log = data_dir / "said"
        self.sessions = set()
        self.process = self.run()

    def run(self, port=None):
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "manage.py", "serve", "--port", str(port or self.port)],
                cwd=settings.BASE_DIR,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self):
        return self.log.read_text()

    def parts(self):
        """Return the processes of the portal and their commands: its children, and all in their sessions."""
        rows = [fields_of(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        self.sessions |= {session for _, parent, session, _ in rows if parent == self.process.pid}
        return {pid: command for pid, _, session, command in rows if session in self.sessions}

    def pids_of(self, name):
        return sorted(pid for pid, command in self.parts().items() if MARKS[name] in f"{command} ")

    def page(self, path="/accounts/login/"):
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status
        except (URLError, OSError):
            return None


def fields_of(entry):
    """Return pid, parent, session and command of a process; zeros for one that just ended."""
    try:
        _, _, after_name = (entry / "stat").read_text().rpartition(")")
        _state, parent, _group, session = after_name.split()[:4]
        return int(entry.name), int(parent), int(session), (entry / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return 0, 0, 0, ""


def wait_until(true, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """One portal for the tests below; started from nothing."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks for processes in /proc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    portal = Portal(tmp_path_factory.mktemp("serve"), port)
    try:
        assert wait_until(lambda: "stops everything" in portal.said(), 60), portal.said()
        portal.took = time.monotonic() - begun
        yield portal
    finally:
        for pid in portal.parts():
            os.kill(pid, signal.SIGKILL)
        portal.process.wait()


@pytest.mark.slow
def test_the_first_page_comes_soon(portal):
    assert portal.page() == 200
    assert portal.took < 15


@pytest.mark.slow
def test_it_says_where_and_who(portal):
    assert f"http://localhost:{portal.port}" in portal.said()
    assert re.search(r"demo@example.com +subscriber with three lines", portal.said())
    assert "demo-portal-2026" in portal.said()


@pytest.mark.slow
def test_every_part_runs(portal):
    assert wait_until(lambda: all(portal.pids_of(name) for name in NAMES), 10)


@pytest.mark.slow
def test_a_second_run_does_no_harm(portal):
    second = portal.run(port=portal.port + 1)

    assert second.wait(timeout=15) == 0
    assert f"Already running at http://localhost:{portal.port}" in portal.said()
    assert portal.page() == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_dies_comes_back(portal, name):
    assert wait_until(lambda: portal.pids_of(name), 10)
    killed = portal.pids_of(name)

    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    assert wait_until(lambda: set(portal.pids_of(name)) - set(killed), 10)
    assert f"{name} ended (SIGKILL); starting it again" in portal.said()
    assert wait_until(lambda: portal.page() == 200, 10)


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_behind(portal):
    wait_until(lambda: all(portal.pids_of(name) for name in NAMES), 10)

    begun = time.monotonic()
    portal.process.send_signal(signal.SIGINT)

    assert portal.process.wait(timeout=10) == 0
    assert time.monotonic() - begun < 2
    assert portal.parts() == {}
