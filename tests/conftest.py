"""People and clocks every test may want."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from plans import catalogue
from tests import make
from tests.append_only import triggers_resting

pytest_plugins = ["tests.fakes.stripe.fixtures"]

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items):
    """Skip what needs PostgreSQL where the suite runs on SQLite."""
    if connection.vendor == "postgresql":
        return
    for item in items:
        if item.get_closest_marker("postgresql"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL"))


@pytest.fixture
def now():
    """A Saturday morning in November 2026."""
    return NOW


@pytest.fixture(autouse=True)
def _empty_caches():
    cache.clear()
    catalogue.at_hand.clear()


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
def _flush_empties_append_only_tables():
    """Let the flush after a transactional test, and only it, delete from the ledger and the audit trail."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_at_rest(self, sql_list):
        with transaction.atomic(using=self.connection.alias), triggers_resting(self.connection):
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = flush_at_rest
    yield
    BaseDatabaseOperations.execute_sql_flush = flush
