"""Two proofs are two: what somebody made with the mailbox alone is not the other one."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AccountClosing
from tests import make
from tests.accounts.test_passwords import CHANGE, NEW, TYPED
from tests.accounts.test_second_step import current_code, enrol

# Allauth tells of a second step when it is committed.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("early_in_a_time_step")]

REAUTHENTICATE, BY_CODE, BY_APP = (
    "/accounts/reauthenticate/",
    "/accounts/reauthenticate/code/",
    "/accounts/2fa/reauthenticate/",
)


@pytest.fixture
def thief(subscriber, outbox):
    """A browser of somebody who reads Ada's mail, and signed in with a code from there."""
    browser = Client()
    browser.post("/accounts/login/code/", {"login": "ada@example.com"})
    browser.post("/accounts/login/code/confirm/", {"code": outbox.code("ada@example.com")})
    return browser


def give_code(browser, outbox):
    browser.post(BY_CODE, {"send_to": "email"})
    browser.post(BY_CODE, {"code": outbox.code("ada@example.com")})


def is_closing(browser):
    browser.post("/settings/close/", {"sure": "on"})
    return AccountClosing.objects.under_way().exists()


def test_a_password_set_by_a_code_from_the_mailbox_is_no_proof(thief, outbox):
    thief.post(CHANGE, TYPED)
    thief.post(REAUTHENTICATE, {"password": NEW})
    give_code(thief, outbox)

    assert not is_closing(thief)


def test_an_app_added_after_a_code_from_the_mailbox_is_no_proof(thief, outbox):
    give_code(thief, outbox)
    secret = thief.get("/accounts/2fa/totp/activate/").context["form"].secret
    thief.post("/accounts/2fa/totp/activate/", {"code": current_code(secret)})
    cache.clear()
    thief.post(BY_APP, {"code": current_code(secret)})
    give_code(thief, outbox)

    assert not is_closing(thief)


def test_an_app_added_with_the_password_is_one(client, subscriber, outbox):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    secret, _codes = enrol(client)
    cache.clear()
    client.post(BY_APP, {"code": current_code(secret)})
    give_code(client, outbox)

    assert is_closing(client)
