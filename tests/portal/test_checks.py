"""What refuses to run, and how it says so."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.checks import DEMO_ADDRESSES, demo_users_check, refuse_misconfiguration, settings_check
from portal.demo.people import PEOPLE
from tests.make import make_user


@pytest.fixture
def production(settings):
    """The settings of a real installation, which has nothing to complain about."""
    settings.DEMO = settings.PLAYGROUND = settings.DEBUG = False
    settings.HTTPS = True
    settings.PAYMENT_GATEWAY, settings.CARRIER = "real", "real"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SMS_BACKEND = ""
    settings.PORTAL_BASE_URL = "https://portal.example.com"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.PORTAL_OPERATOR_ADDRESS = "Torstraße 99 | 10119 Berlin"
    return settings


def ids():
    return [message.id for message in settings_check()]


def test_a_real_installation_has_nothing_to_complain_about(production):
    assert ids() == []
    refuse_misconfiguration()


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("PAYMENT_GATEWAY", "sandbox", "portal.E001"),
        ("CARRIER", "simulated", "portal.E002"),
        ("SMS_BACKEND", "outbox", "portal.E003"),
        ("EMAIL_BACKEND", "accounts.outbox.OutboxEmailBackend", "portal.E003"),
        ("PORTAL_BASE_URL", "", "portal.E005"),
        ("PORTAL_BASE_URL", "http://portal.example.com", "portal.E005"),
        ("PORTAL_BASE_URL", "https://portal.example.com/path", "portal.E005"),
        ("PORTAL_CURRENCIES", [], "portal.E006"),
        ("PORTAL_CURRENCIES", ["USD", "EURO"], "portal.E006"),
        ("PORTAL_CURRENCIES", ["USD", "USD"], "portal.E006"),
        ("PORTAL_BRAND_LOGO", "https://cdn.example.com/logo.svg", "portal.E007"),
        ("PORTAL_BRAND_LOGO", "//cdn.example.com/logo.svg", "portal.E007"),
        ("PORTAL_BRAND_HUE", 361, "portal.E008"),
        ("PORTAL_DEFAULT_REGION", "XQ", "portal.E009"),
        ("PORTAL_DEFAULT_REGION", "AQ", "portal.E009"),  # a country without phone numbers
        ("PORTAL_OPERATOR_COUNTRY", "Germany", "portal.E010"),
        ("PORTAL_OPERATOR_TIME_ZONE", "Berlin", "portal.E011"),
        ("PORTAL_ENCRYPTION_KEYS", ["k1:short"], "portal.E014"),
        ("PORTAL_LOOKUP_KEY", "k1:short", "portal.E014"),
        ("PORTAL_LOOKUP_KEY", "no key", "portal.E014"),
    ],
)
def test_what_must_not_run_is_refused(production, setting, value, expected):
    setattr(production, setting, value)

    assert ids() == [expected]
    with pytest.raises(ImproperlyConfigured, match=expected):
        refuse_misconfiguration()


def test_the_demo_may_pretend(production):
    production.DEMO = production.PLAYGROUND = True
    production.PAYMENT_GATEWAY, production.CARRIER, production.SMS_BACKEND = "sandbox", "simulated", "outbox"

    assert ids() == []


def test_https_without_a_proxy_count_is_a_warning(production):
    del production.ALLAUTH_TRUSTED_PROXY_COUNT

    assert ids() == ["portal.W001"]
    refuse_misconfiguration()


def test_invoices_without_the_operators_address_are_a_warning(production):
    production.PORTAL_OPERATOR_ADDRESS = ""

    assert ids() == ["portal.W002"]
    refuse_misconfiguration()


def test_demo_users_are_refused_outside_the_demo(production, db):
    make_user(email=DEMO_ADDRESSES[0])

    (message,) = demo_users_check(databases=["default"])

    assert message.id == "portal.E004"
    assert DEMO_ADDRESSES[0] in message.msg


def test_deactivated_demo_users_are_let_be(production, db):
    make_user(email=DEMO_ADDRESSES[0], is_active=False)

    assert demo_users_check(databases=["default"]) == []


def test_demo_users_may_stay_in_the_demo(db):
    make_user(email=DEMO_ADDRESSES[0])

    assert demo_users_check(databases=["default"]) == []


def test_every_demo_user_is_known_to_the_check():
    assert {person.email for person in PEOPLE} == set(DEMO_ADDRESSES)
