"""The outside world of the money tests."""

import pytest

from billing import gateways
from tests import make
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway
from tests.fakes.stripe.account import TEST_KEY


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


@pytest.fixture
def stripe_settings(stripe_fake, settings):
    """Point the portal to the fake of Stripe, with its test key."""
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = TEST_KEY
    settings.STRIPE_API_BASE = stripe_fake.url
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_portal"]
    return settings


@pytest.fixture
def stripe_gateway(stripe_settings, db):
    """The gateway to real subscribers' money, with the fake at its other end."""
    return gateways.chosen()
