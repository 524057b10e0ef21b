"""Which gateways there are."""

import subprocess
import sys

import pytest

from billing import gateways
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


@pytest.mark.slow
def test_without_stripe_its_library_is_not_loaded():
    code = "import django; django.setup(); import sys, billing.tasks; print('stripe' in sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_DEMO": "1"}

    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
