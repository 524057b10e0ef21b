"""Running `manage.py serve` from outside, and looking at what it left in the process table."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

MARKS = {"valkey": "valkey-server", "web": "gunicorn", "worker": " worker ", "beat": " beat "}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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

    def end(self):
        """End it and all its parts, whatever state they are in: first who would start them again."""
        parts = self.parts()
        for pid in (self.process.pid, *parts):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

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
        state, parent, _group, session = after_name.split()[:4]
        if state == "Z":  # ended, and waits for somebody to take note
            return 0, 0, 0, ""
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


def how_busy_the_machine_is():
    """Return how many times longer work takes than its processor time: 1 where nothing else runs."""
    begun, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.2:
        pass
    return max(1.0, (time.monotonic() - begun) / 0.2)
