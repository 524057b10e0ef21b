"""`manage.py serve`: the whole portal on this machine, from nothing to a page."""

import os
import signal
import time
from argparse import ArgumentParser
from http.client import HTTPConnection, HTTPException
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from portal.demo.people import PASSWORD, PEOPLE
from portal.serve import parts
from portal.serve.claim import AlreadyRunning, Claim, PortTaken, check_port
from portal.serve.static_files import collect_if_changed
from portal.serve.supervisor import Supervisor

HOST = "127.0.0.1"
LOOK_SECONDS = 0.1
FIRST_ANSWER_SECONDS = 30.0


class Command(BaseCommand):
    help = "Run web, worker and scheduler on this machine; Ctrl-C stops them all."
    # Checks run in the parts themselves; here they would only delay the first page.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, metavar="N", help="listen on this port (8000)")

    def handle(self, *_args: Any, port: int, **_options: Any) -> None:
        address = os.environ.get("PORTAL_BASE_URL") or f"http://localhost:{port}"
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        try:
            with Claim(Path(settings.DATA_DIR), address):
                check_port(HOST, port)
                self._run(port=port, address=address)
        except AlreadyRunning as running:
            self._say(f"Already running at {running}. Nothing to do.")
        except PortTaken as error:
            raise CommandError(
                f"Port {port} is taken by another program ({error}). Choose another: make serve PORT={port + 1}"
            ) from error

    def _run(self, *, port: int, address: str) -> None:
        # The parts read the environment; the demo's first mails are written by this process.
        settings.PORTAL_BASE_URL = address
        supervisor = Supervisor(environ={**os.environ, "PORTAL_BASE_URL": address}, say=self._say)
        try:
            self._start(supervisor, port)
            self._welcome(address)
            while True:
                time.sleep(LOOK_SECONDS)
                supervisor.look_after()
        except KeyboardInterrupt:
            self._say("\nStopping.")
        finally:
            # A second Ctrl-C must not leave half of the parts behind.
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()

    def _start(self, supervisor: Supervisor, port: int) -> None:
        if not settings.REDIS_URL:
            self._say("Starting Valkey, the embedded broker and cache.")
            settings.VALKEY_SOCKET.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            supervisor.start(parts.valkey(settings.VALKEY_SOCKET))
        self._say(f"Bringing the database up to date ({settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}).")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_help_articles", stdout=StringIO())
        if collect_if_changed():
            self._say("Collected the static files.")
        if settings.DEMO and not User.objects.exists():
            self._say("Making the demo data.")
            call_command("seed_demo", verbosity=0, stdout=StringIO())
        self._say("Starting the web server.")
        supervisor.start(parts.web(HOST, port))
        self._await_page(supervisor, port)
        self._say("Starting the worker and the scheduler.")
        supervisor.start(parts.worker())
        supervisor.start(parts.beat())

    def _await_page(self, supervisor: Supervisor, port: int) -> None:
        """Wait for the first answer; worker and scheduler would only make it later."""
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline:
                raise CommandError(f"No answer from the web part; see {settings.DATA_DIR}/log/web.log.")
            time.sleep(LOOK_SECONDS)
            supervisor.look_after()

    def _welcome(self, address: str) -> None:
        self._say(f"\nThe portal is at {address}")
        if settings.DEMO:
            self._say(f"Sign in with the password {PASSWORD} as")
            for person in PEOPLE:
                self._say(f"  {person.email:<22} {person.what}")
        self._say("Logs are in " + str(Path(settings.DATA_DIR) / "log") + "; Ctrl-C stops everything.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500  # noqa: PLR2004 - anything but an error
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
