"""What is refused before Stripe takes a cent, and what is asked of Stripe at a release."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from billing.checks import stripe_settings as check_settings
from billing.gateways.stripe_client import LIBRARY_API_VERSION
from billing.gateways.stripe_events import LISTENED_TO
from portal.checks import refuse_misconfiguration

OUR_ENDPOINT = "https://portal.example.com/webhooks/stripe/"


@pytest.fixture
def real(settings):
    """A real installation that takes real money."""
    settings.PLAYGROUND = False
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = "rk_live_portal"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    return settings


def found():
    return [message.id for message in check_settings()]


def test_a_restricted_live_key_and_its_secrets_are_all_it_takes(real):
    assert found() == []


def test_a_demonstration_takes_a_test_key(real):
    real.PLAYGROUND = True
    real.STRIPE_API_KEY = "rk_test_portal"

    assert found() == []


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("STRIPE_API_KEY", "", "stripe.E001"),
        ("STRIPE_API_KEY", "pk_live_portal", "stripe.E002"),
        ("STRIPE_API_KEY", "whsec_portal", "stripe.E002"),
        ("STRIPE_API_KEY", "live_portal", "stripe.E002"),
        ("PLAYGROUND", True, "stripe.E003"),
        ("STRIPE_API_KEY", "rk_test_portal", "stripe.E004"),
        ("STRIPE_API_BASE", "https://stripe.example.com", "stripe.E005"),
        ("STRIPE_WEBHOOK_SECRETS", [], "stripe.E006"),
        ("STRIPE_WEBHOOK_SECRETS", ["whsec_new", "rk_live_portal"], "stripe.E006"),
        ("STRIPE_STATEMENT_DESCRIPTOR_SUFFIX", "1234", "stripe.E007"),
        ("STRIPE_STATEMENT_DESCRIPTOR_SUFFIX", "eSIM <renewal>", "stripe.E007"),
        ("STRIPE_METHODS_BY_CURRENCY", {"USD": ("card",), "DOLLAR": ("card",)}, "stripe.E008"),
        ("STRIPE_API_KEY", "sk_live_portal", "stripe.W001"),
    ],
)
def test_what_would_take_no_money_or_too_much_is_named(real, setting, value, code):
    setattr(real, setting, value)

    assert found() == [code]


def test_a_live_key_in_the_sandbox_is_refused_too(real):
    real.PLAYGROUND = True
    real.PAYMENT_GATEWAY = "sandbox"

    assert found() == ["stripe.E003"]


def test_without_stripe_there_is_nothing_to_say(settings):
    assert found() == []


def test_no_process_starts_with_a_live_key_in_a_demo(real):
    real.PLAYGROUND = True

    with pytest.raises(ImproperlyConfigured, match=r"stripe\.E003"):
        refuse_misconfiguration()


@pytest.mark.parametrize("key", ["rk_live_portal", "pk_live_portal", "rk_test_portal"])
def test_no_message_tells_the_key(real, key):
    real.PLAYGROUND = True
    real.STRIPE_API_KEY = key

    assert key not in "".join(f"{message.msg} {message.hint}" for message in check_settings())


def test_the_portal_asks_in_the_version_its_library_is_written_for(settings):
    assert settings.STRIPE_API_VERSION == LIBRARY_API_VERSION


@pytest.fixture
def endpoint(stripe_fake, stripe_settings):
    """Register our endpoint at Stripe; fields may be given."""
    stripe_settings.PORTAL_BASE_URL = "https://portal.example.com"

    def register(url=OUR_ENDPOINT, **fields):
        stripe_fake.webhook_endpoint(url, **fields)

    return register


def asked_at_a_release():
    messages = run_checks(tags=["stripe"], include_deployment_checks=True)
    return [message.id for message in messages if message.id != "stripe.W001"]


def test_an_endpoint_of_our_version_with_all_events_is_right(endpoint):
    endpoint(enabled_events=LISTENED_TO)
    endpoint("https://other.example.com/webhooks/stripe/", api_version=None)

    assert asked_at_a_release() == []


@pytest.mark.parametrize("version", [None, "2026-05-27.dahlia"])
def test_an_endpoint_of_another_version_is_refused(endpoint, version):
    endpoint(api_version=version)

    assert asked_at_a_release() == ["stripe.E009"]


def test_a_missing_endpoint_is_a_warning_because_events_are_read_anyway(endpoint):
    assert asked_at_a_release() == ["stripe.W003"]


def test_an_endpoint_that_sends_too_little_is_a_warning(endpoint):
    endpoint(enabled_events=LISTENED_TO[1:])

    assert asked_at_a_release() == ["stripe.W004"]


def test_stripe_out_of_reach_does_not_stop_a_release(endpoint, stripe_fake, stripe_settings):
    stripe_settings.STRIPE_MAX_RETRIES = 0
    stripe_fake.down()

    assert asked_at_a_release() == ["stripe.W002"]


def test_a_key_that_may_not_read_endpoints_does_not_stop_a_release(endpoint, stripe_fake):
    stripe_fake.fault("forbidden", "GET /v1/webhook_endpoints")

    assert asked_at_a_release() == ["stripe.W002"]


def test_checks_at_every_command_ask_nobody(endpoint, stripe_fake):
    run_checks()

    assert stripe_fake.calls() == {}
