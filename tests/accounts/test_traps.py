"""What allauth does unless somebody prevents it; each of these once went wrong."""

import re

import pytest
import time_machine
from django.core import mail
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from django.utils.module_loading import import_string

from accounts.checks import sms_backend_is_known
from accounts.models import User
from portal import settings as real_settings
from tests import make
from tests.accounts.conftest import is_signed_in
from tests.accounts.test_sign_up import PASSWORD, sign_up


def test_second_sms_to_a_number_at_sign_up_is_429_and_not_500(client, outbox):
    sign_up(client, email="one@example.com", phone="+14155550101")

    page = sign_up(Client(), email="two@example.com", phone="+14155550101")

    assert page.status_code == 429
    assert "Too many tries" in page.content.decode()


def test_second_sms_at_sign_in_with_an_unconfirmed_number_is_429_and_not_500(client, outbox):
    make.make_user(email="ada@example.com", phone="+14155550101", phone_verified=False)
    signing_in = {"login": "ada@example.com", "password": make.PASSWORD}
    client.post("/accounts/login/", signing_in)

    page = Client().post("/accounts/login/", signing_in)

    assert page.status_code == 429


def test_staff_without_a_phone_can_sign_in(client, staff):
    page = client.post("/accounts/login/", {"login": staff.email, "password": make.PASSWORD})

    assert page.url == "/"
    assert is_signed_in(client)


@pytest.mark.parametrize("spelling", ["+1 415 555 0101", "(415) 555-0101", " +1-415-555-0101 ", "+1 (415) 555.0101"])
def test_phone_with_blanks_is_accepted(client, outbox, spelling):
    sign_up(client, phone=spelling)

    assert User.objects.get().phone == "+14155550101"


def test_password_is_reset_by_sms_code_without_the_old_one(client, outbox):
    user = make.make_user(phone="+14155550101", phone_verified=True)
    client.post("/accounts/login/code/", {"login": "+14155550101"})
    client.post("/accounts/login/code/confirm/", {"code": outbox.code("+14155550101")})

    client.post("/accounts/password/change/", {"password1": PASSWORD, "password2": PASSWORD})

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_sign_in_code_works_as_long_as_its_sms_says(client, outbox):
    make.make_user(phone="+14155550101", phone_verified=True)
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        client.post("/accounts/login/code/", {"login": "+14155550101"})
        clock.shift(14 * 60)
        client.post("/accounts/login/code/confirm/", {"code": outbox.code("+14155550101")})

        assert "works for 15 minutes" in outbox.to("+14155550101")[-1].body
        assert is_signed_in(client)


def test_email_verification_is_mandatory_and_by_code(client, db):
    make.make_user(email="ada@example.com", verified=False)

    page = client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    assert page.url == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    assert re.search(r"\b\d{6}\b", mail.outbox[0].subject)


def test_rate_limits_live_in_a_cache_that_all_processes_share():
    backend = import_string(real_settings.CACHES["default"]["BACKEND"])

    assert issubclass(backend, RedisCache)


def test_behind_a_unix_socket_the_proxy_tells_the_address(client, subscriber, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    signing_in = {"login": "ada@example.com", "password": make.PASSWORD}

    page = client.post(
        "/accounts/login/", signing_in, REMOTE_ADDR="", headers={"x-forwarded-for": "198.51.100.7, 203.0.113.9"}
    )

    assert page.url == "/"
    assert subscriber.audit_events.get(action="account.signed_in").ip_address == "203.0.113.9"


def test_forged_forwarding_header_is_ignored_without_a_proxy(client, subscriber):
    signing_in = {"login": "ada@example.com", "password": make.PASSWORD}

    client.post("/accounts/login/", signing_in, headers={"x-forwarded-for": "203.0.113.9"})

    assert subscriber.audit_events.get(action="account.signed_in").ip_address == "127.0.0.1"


def test_demo_sends_email_into_the_outbox(outbox, subscriber, client):
    assert real_settings.EMAIL_BACKEND == "accounts.outbox.OutboxEmailBackend"

    client.post("/accounts/login/code/", {"login": "ada@example.com"})

    assert outbox.code("ada@example.com")
    assert not mail.outbox


def test_every_kind_of_code_is_six_digits(client, subscriber, outbox):
    client.post("/accounts/login/code/", {"login": "ada@example.com"})
    sign_in = outbox.to("ada@example.com")[-1].subject
    sign_up(Client(), email="new@example.com")
    confirm = outbox.to("new@example.com")[-1].subject

    assert re.match(r"\d{6} confirms your e-mail address at LEB$", confirm)
    assert re.match(r"\d{6} is your LEB sign-in code$", sign_in)


def test_sms_provider_that_nobody_knows_is_refused_without_repeating_its_secrets(settings):
    settings.SMS_BACKEND = "carrier-pigeon://secret"

    found = sms_backend_is_known()

    assert [problem.id for problem in found] == ["accounts.E001"]
    assert "secret" not in str(found)


def test_real_sms_provider_passes_at_start(settings):
    settings.PLAYGROUND = False
    settings.SMS_BACKEND = f"twilio://AC{'0' * 32}:{'1' * 32}@+14155550100"

    assert sms_backend_is_known() == []


def test_codes_for_one_address_are_a_dozen_an_hour(subscriber, outbox):
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        for _ in range(15):
            Client().post("/accounts/login/code/", {"login": "ada@example.com"})
            clock.shift(60)

    assert len(outbox.to("ada@example.com")) == 12
