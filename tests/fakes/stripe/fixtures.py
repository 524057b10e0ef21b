"""`stripe_fake`: one server process a session, empty again for each test."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.stripe.client import StripeFake

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def running_fake(port=0):
    """Run the fake in a process of its own, which outlives any worker of ours, but not the tests."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.fakes.stripe", "--port", str(port), "--until-input-ends"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield StripeFake(process.stdout.readline().strip())
        finally:
            process.stdin.close()


@pytest.fixture(scope="session")
def _stripe_server():
    with running_fake() as fake:
        yield fake


@pytest.fixture
def stripe_fake(_stripe_server):
    """A Stripe account without anything in it."""
    _stripe_server.reset()
    yield _stripe_server
    assert _stripe_server.wrong_answers() == []
