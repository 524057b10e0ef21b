"""`manage.py serve`: one command, everything runs, and nothing stays behind."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from portal.serve.claim import AlreadyRunning, Claim, PortTaken, check_port
from tests.serving import MARKS, Portal, free_port, how_busy_the_machine_is, wait_until

# Two portals on two cores would wait for each other.
pytestmark = pytest.mark.xdist_group("serve")
NAMES = list(MARKS)
PATIENCE = 60
"""For what comes within seconds where nothing else runs."""


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


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """One portal for the tests below; started from nothing."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks for processes in /proc")
    before, begun = how_busy_the_machine_is(), time.monotonic()
    portal = Portal(tmp_path_factory.mktemp("serve"), free_port())
    try:
        assert wait_until(lambda: "stops everything" in portal.said(), 180), portal.said()
        portal.took = time.monotonic() - begun
        portal.slowness = max(before, how_busy_the_machine_is())
        yield portal
    finally:
        portal.end()


@pytest.mark.slow
def test_the_first_page_comes_soon(portal):
    assert portal.page() == 200
    assert portal.took < 30 * portal.slowness  # some five where nothing else runs


@pytest.mark.slow
def test_it_says_where_and_who(portal):
    assert f"http://localhost:{portal.port}" in portal.said()
    assert re.search(r"demo@example.com +subscriber with four lines", portal.said())
    assert "demo-portal-2026" in portal.said()


@pytest.mark.slow
def test_every_part_runs(portal):
    assert wait_until(lambda: all(portal.pids_of(name) for name in NAMES), PATIENCE)


@pytest.mark.slow
def test_a_second_run_does_no_harm(portal):
    second = portal.run(port=portal.port + 1)

    assert second.wait(timeout=PATIENCE) == 0
    assert f"Already running at http://localhost:{portal.port}" in portal.said()
    assert portal.page() == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_dies_comes_back(portal, name):
    assert wait_until(lambda: portal.pids_of(name), PATIENCE)
    killed = portal.pids_of(name)

    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    assert wait_until(lambda: set(portal.pids_of(name)) - set(killed), PATIENCE)
    assert f"{name} ended (SIGKILL); starting it again" in portal.said()
    assert wait_until(lambda: portal.page() == 200, PATIENCE)


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_behind(portal):
    wait_until(lambda: all(portal.pids_of(name) for name in NAMES), PATIENCE)
    before = how_busy_the_machine_is()

    begun = time.monotonic()
    portal.process.send_signal(signal.SIGINT)

    assert portal.process.wait(timeout=PATIENCE) == 0
    took = time.monotonic() - begun
    assert took < 2 * max(before, how_busy_the_machine_is())
    assert portal.parts() == {}
