"""Two proofs are two: what somebody made with the mailbox alone is not the other one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import locks
from accounts.fresh_proof import PROOF_BY_CODE_SECONDS
from accounts.models import AccountClosing, AuditEvent
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


def give_code(browser, outbox, mailbox="ada@example.com"):
    browser.post(BY_CODE, {"send_to": "email"})
    browser.post(BY_CODE, {"code": outbox.code(mailbox)})


def put_mailbox(browser, outbox, mailbox):
    """Change the address, as whoever proved who they are a moment ago may."""
    browser.post("/accounts/email/", {"email": mailbox, "action_add": ""})
    browser.post("/accounts/confirm-email/", {"code": outbox.code(mailbox)})
    assert AuditEvent.objects.filter(action="account.email_changed").exists()


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


@pytest.fixture
def open_laptop(client, subscriber, time_machine):
    """A browser in which Ada signed in, with her app, and which others can use."""
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    enrol(client)
    time_machine.move_to(timezone.now() + timedelta(days=3))
    cache.clear()
    return client


def new_recovery_code(browser, outbox):
    give_code(browser, outbox)
    page = browser.post("/accounts/2fa/recovery-codes/generate/", follow=True).content.decode()
    return re.findall(r"\b[0-9]{8}\b", page)[0]


def test_recovery_codes_made_with_a_code_from_the_mailbox_close_no_account(open_laptop, outbox):
    open_laptop.post(BY_APP, {"code": new_recovery_code(open_laptop, outbox)})
    give_code(open_laptop, outbox)

    assert not is_closing(open_laptop)


def test_recovery_codes_made_with_a_code_from_the_mailbox_unlock_no_account(open_laptop, subscriber, outbox):
    code = new_recovery_code(open_laptop, outbox)
    locks.lock(user=subscriber, ip=None, now=timezone.now())
    open_laptop.post(BY_APP, {"code": code})
    give_code(open_laptop, outbox)
    open_laptop.post("/settings/unlock/")

    subscriber.refresh_from_db()
    assert subscriber.locked_at is not None


@pytest.fixture
def guesser(subscriber, outbox):
    """A browser of somebody who knows Ada's password, and put a mailbox of their own in the place of hers."""
    browser = Client()
    browser.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    browser.post(REAUTHENTICATE, {"password": make.PASSWORD})
    put_mailbox(browser, outbox, "thief@example.com")
    return browser


def test_a_mailbox_put_there_with_the_password_unlocks_no_account(guesser, subscriber, outbox):
    locks.lock(user=subscriber, ip=None, now=timezone.now())
    guesser.post(REAUTHENTICATE, {"password": make.PASSWORD})
    give_code(guesser, outbox, "thief@example.com")
    guesser.post("/settings/unlock/")

    subscriber.refresh_from_db()
    assert subscriber.locked_at is not None


def test_a_mailbox_put_there_with_the_password_closes_no_account_until_it_is_older(guesser, outbox, time_machine):
    give_code(guesser, outbox, "thief@example.com")
    assert not is_closing(guesser)

    time_machine.move_to(timezone.now() + timedelta(days=2))
    cache.clear()
    guesser.post(REAUTHENTICATE, {"password": make.PASSWORD})
    give_code(guesser, outbox, "thief@example.com")
    assert is_closing(guesser)


@pytest.fixture
def moved(client, subscriber, outbox, time_machine):
    """Ada's browser and the seed of her app, after she changed her address with it."""
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    secret, _codes = enrol(client)
    time_machine.move_to(timezone.now() + timedelta(days=3))
    cache.clear()
    client.post(BY_APP, {"code": current_code(secret)})
    put_mailbox(client, outbox, "new@example.com")
    return client, secret


def test_who_changed_their_address_proves_it_with_app_and_password(moved):
    browser, _secret = moved
    asked = browser.post("/settings/close/", {"sure": "on"})
    assert asked.url.startswith(REAUTHENTICATE)
    browser.post(asked.url, {"password": make.PASSWORD, "next": "/settings/close/"})

    assert AccountClosing.objects.under_way().exists()


def test_the_app_and_the_mailbox_that_it_put_there_are_one_proof(moved, outbox):
    browser, _secret = moved
    give_code(browser, outbox, "new@example.com")

    assert not is_closing(browser)


def test_an_app_added_after_the_address_was_changed_is_no_proof(guesser, outbox):
    secret = guesser.get("/accounts/2fa/totp/activate/").context["form"].secret
    guesser.post("/accounts/2fa/totp/activate/", {"code": current_code(secret)})
    cache.clear()
    guesser.post(BY_APP, {"code": current_code(secret)})
    guesser.post(REAUTHENTICATE, {"password": make.PASSWORD})

    assert not is_closing(guesser)


class SlowHasher(MD5PasswordHasher):
    """Takes a second, as a busy machine may: what is proved by a code may be over by then."""

    clock: Any

    def encode(self, password: str, salt: str) -> str:
        SlowHasher.clock.shift(timedelta(seconds=1))
        return super().encode(password, salt)


def test_a_password_set_in_the_last_second_of_a_code_is_a_reset(thief, subscriber, outbox, settings, time_machine):
    [proof] = thief.session["account_authentication_methods"]
    SlowHasher.clock = time_machine
    settings.PASSWORD_HASHERS = [f"{__name__}.SlowHasher"]
    time_machine.move_to(proof["at"] + PROOF_BY_CODE_SECONDS - 0.5, tick=False)

    thief.post(CHANGE, TYPED)

    subscriber.refresh_from_db()
    assert subscriber.check_password(NEW)
    assert AuditEvent.objects.filter(subject=subscriber, action="account.password_reset").exists()
