"""Which gateways there are."""

import subprocess
import sys
from dataclasses import replace

import pytest

from billing import charges, gateways
from tests.billing.books import buy
from tests.fakes.gateway import FakeGateway
from tests.fakes.stripe.account import TEST_KEY


def names():
    return [gateway.name for gateway in gateways.configured()]


def test_a_demo_has_the_sandbox(settings):
    assert names() == ["sandbox"]
    assert gateways.chosen().name == "sandbox"


def test_a_demo_that_tries_stripe_looks_after_both_and_pays_through_the_chosen_one(settings):
    settings.STRIPE_API_KEY = TEST_KEY
    assert names() == ["sandbox", "stripe"]

    settings.PAYMENT_GATEWAY = "stripe"
    assert names() == ["stripe", "sandbox"]
    assert gateways.chosen().name == "stripe"


def test_a_real_installation_has_no_sandbox(settings):
    settings.PLAYGROUND = False
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = "rk_live_portal"

    assert set(gateways.by_name()) == {"stripe"}


def test_a_gateway_that_there_is_not_is_named(settings):
    with pytest.raises(gateways.UnknownGateway, match="paypal"):
        gateways.named("paypal")


class WordyGateway(FakeGateway):
    """Keeps the state of its page in the page's address, as Stripe does."""

    def open_page(self, request):
        return replace(
            super().open_page(request), url="https://checkout.example.com/c/pay/cs_1#" + "fidkdWxOYHwn" * 120
        )


def test_an_address_of_a_payment_page_may_be_long(line, plan, now):
    charge = buy(line, plan).charges.get()
    gateway = WordyGateway()

    url = charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)

    charge.refresh_from_db()
    assert charge.page_url == url
    assert len(url) > 1400


@pytest.mark.slow
def test_without_stripe_its_library_is_not_loaded():
    code = "import django; django.setup(); import sys, billing.tasks; print('stripe' in sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_DEMO": "1"}

    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
