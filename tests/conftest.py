"""People and clocks every test may want."""

import gc
import os
import time
from datetime import UTC, datetime

import hypothesis
import pytest
import time_machine
from allauth.mfa import app_settings
from django.core.cache import cache
from django.db import connection

from plans import announcements, catalogue
from tests import emptying, make, migrating, sampling

pytest_plugins = ["tests.fakes.smdp.fixtures", "tests.fakes.stripe.fixtures"]

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def pytest_addoption(parser):
    sampling.add_option(parser, today=datetime.now(UTC).date())


def pytest_configure(config):
    """Let Hypothesis try less than it would, or far more, and never mind how busy the machine is.

    Where a change is judged it tries the same cases each time: what luck finds belongs to no change.
    """
    profile = hypothesis.settings.register_profile
    profile("few", max_examples=40, deadline=None)
    profile("the same few", max_examples=40, deadline=None, derandomize=True, database=None)
    profile("many", max_examples=500, deadline=None)
    few = "the same few" if os.environ.get("CI") else "few"
    hypothesis.settings.load_profile("many" if config.getoption("sample") == "all" else few)


def pytest_generate_tests(metafunc):
    sampling.generate(metafunc)


def pytest_collection_modifyitems(items):
    """Skip what needs PostgreSQL where the suite runs on SQLite, let a control begin again, and no race or crash.

    A control takes the protection away and must see the harm. Whether two meet in time is chance, on a busy machine
    more than elsewhere: who was lucky twice has proven nothing. A test of the protection itself has one try, even in
    the whole run (`--reruns 1`): what goes wrong once there is what it looks for.
    """
    for item in items:
        is_protection = item.path.stem.endswith(("races", "crashes")) or item.get_closest_marker("postgresql")
        if connection.vendor != "postgresql" and item.get_closest_marker("postgresql"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL"))
        elif item.name.startswith("test_control_") or "[control" in item.name:
            item.add_marker(pytest.mark.flaky(reruns=2))
        elif is_protection:
            item.add_marker(pytest.mark.flaky(reruns=0))


def pytest_collection_finish():
    """Spare the collector of garbage what stays for the whole run: it would look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def now():
    """A Saturday morning in November 2026."""
    return NOW


@pytest.fixture
def in_november(time_machine, now):
    """Begin where what the factories make is running, whatever the day is; from there the clock goes on."""
    time_machine.move_to(now)


@pytest.fixture(autouse=True)
def _empty_caches():
    cache.clear()
    catalogue.at_hand.clear()
    announcements.at_hand.clear()
    # As in everyday life: nothing is announced, and that is known.
    announcements.keep([])


@pytest.fixture
def early_in_a_time_step():
    """Begin where a time step of authenticator apps begins: a code that a test reads is good for the whole of it."""
    with time_machine.travel(time.time() // app_settings.TOTP_PERIOD * app_settings.TOTP_PERIOD):
        yield


@pytest.fixture
def subscriber(db):
    """Ada: owns what the test makes for her."""
    return make.make_user(email="ada@example.com", full_name="Ada Lin")


@pytest.fixture
def stranger(db):
    """Sam: signed in, owns nothing of Ada's, and must get 404."""
    return make.make_user(email="sam@example.com", full_name="Sam Stranger")


@pytest.fixture
def staff(db):
    """Kim: staff with every permission."""
    return make.make_user(email="kim@example.com", full_name="Kim Staff", is_staff=True, is_superuser=True)


@pytest.fixture
def as_subscriber(client, subscriber):
    """A test client signed in as Ada."""
    client.force_login(subscriber)
    return client


@pytest.fixture(scope="session", autouse=True)
def _tables_are_made_together():
    with migrating.tables_together():
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_is_quick_and_empties_append_only_tables():
    with emptying.in_place_of_flush():
        yield
