"""The outside world of the money tests."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from billing import gateways
from billing.invariants import broken_invariants
from billing.models import Order
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make, sampling
from tests.billing.books import delivered
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway
from tests.fakes.stripe.account import TEST_KEY
from tests.make import PASSWORD

DAY = timedelta(days=1)


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
def subscription(line, plan, now):
    """Auto-renewal of a 30-day plan whose paid time ends tomorrow: due now."""
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    return make.make_subscription(line=line, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now)


@pytest.fixture
def card(subscriber):
    """Ada's saved Visa."""
    return make.make_method(owner=subscriber)


@pytest.fixture
def pack(db):
    """5 GB more: US$6.00."""
    return make.make_data_pack()


@pytest.fixture
def running(line, plan):
    """10 GB until in twenty days, of which 1 GB is left."""
    return make.make_allowance(line=line, plan=plan, used_bytes=9 * GB)


@pytest.fixture
def proven(as_subscriber):
    """A client whose owner has just typed the password."""
    as_subscriber.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return as_subscriber


@pytest.fixture
def at_now(time_machine, now):
    """The clock stands still at `now`, for what reads it."""
    time_machine.move_to(now, tick=False)


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


@pytest.fixture
def order(line, plan, gateway, carrier):
    """A renewal for US$14.90 that was paid by card and delivered."""
    return delivered(line, plan, gateway=gateway, carrier=carrier)


@pytest.fixture
def charge(order):
    return order.charges.get()


@pytest.fixture
def credit(line, gateway, carrier):
    """US$20.00 added to the balance."""
    what = {"kind": Order.Kind.CREDIT, "line": None, "plan": None, "price": Money(2000, "USD")}
    return delivered(line, None, gateway=gateway, carrier=carrier, **what)


@pytest.fixture
def books_are_right(request, db, now):
    """Look, after a test that moves money, whether everything that must be true is true.

    That takes as long as the test. So it is asked after each on PostgreSQL, and elsewhere after a fifth of them.
    """
    yield
    if connection.vendor == "postgresql" or sampling.holds(request):
        assert broken_invariants(now=now) == {}
