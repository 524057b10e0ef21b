"""The gateways under contract, each in its own world; and Stripe's own library, talking to our fake of Stripe."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import gateways
from billing.gateways.base import PageRequest
from tests.contracts.gateway_worlds import BACK, PRICE, WEBHOOK_SECRET, SandboxWorld, StripeWorld
from tests.fakes.stripe.account import TEST_KEY


@pytest.fixture(params=["sandbox", "stripe"])
def world(request, settings, subscriber):
    settings.PAYMENT_GATEWAY = request.param
    if request.param == "sandbox":
        settings.SANDBOX_WEBHOOK_SECRETS = ["whsec_old", WEBHOOK_SECRET]
        return SandboxWorld(gateways.chosen(), subscriber)
    fake = request.getfixturevalue("stripe_fake")
    settings.STRIPE_API_KEY = TEST_KEY
    settings.STRIPE_API_BASE = fake.url
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_old", WEBHOOK_SECRET]
    return StripeWorld(gateways.chosen(), subscriber, fake)


@pytest.fixture
def gateway(world):
    return world.gateway


@pytest.fixture
def wish(subscriber):
    """A page of US$14.90 on which a card is kept."""
    return PageRequest(
        key="chg_page",
        money=PRICE,
        description="Europe 10 GB",
        customer=subscriber.public_id,
        return_url=BACK,
        locale="en",
        expires_at=timezone.now() + timedelta(hours=1),
        keep_card=True,
        customer_email=subscriber.email,
    )


@pytest.fixture
def page(gateway, wish):
    return gateway.open_page(wish)


@pytest.fixture
def paid(world, gateway, page):
    """What the gateway tells of a page that was paid."""
    world.pay(page.payment_id, keep=True)
    return world.look(page)


@pytest.fixture
def client(stripe_fake):
    """Stripe's library; no page of the portal is asked for here."""
    return stripe_fake.client()


@pytest.fixture
def customer(client):
    return client.v1.customers.create({"email": "ada@example.com"}).id
