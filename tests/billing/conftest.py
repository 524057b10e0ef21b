"""The outside world of the money tests."""

import pytest

from tests import make
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway


@pytest.fixture
def gateway(db):
    return FakeGateway()


@pytest.fixture
def carrier(db):
    return FakeCarrier()


@pytest.fixture
def line(subscriber):
    """Ada's line, with a SIM profile."""
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return line


@pytest.fixture
def plan(db):
    """10 GB in Europe for 30 days: US$14.90."""
    return make.make_plan()
