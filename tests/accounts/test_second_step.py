"""Two-step sign-in: authenticator app, recovery codes, staff, and what the database keeps of it."""

import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.adapter import MFAAdapter
from accounts.models import AuditEvent, User
from accounts.second_factors import factors_of
from portal.lib.crypto import DecryptionFailed
from portal.lib.dates import held_together
from tests import make
from tests.accounts.conftest import is_signed_in

pytestmark = pytest.mark.usefixtures("early_in_a_time_step")


def sign_in(client, user):
    return client.post("/accounts/login/", {"login": user.email, "password": make.PASSWORD})


def reauthenticate(client, path):
    return client.post(f"/accounts/reauthenticate/?next={path}", {"password": make.PASSWORD, "next": path})


def current_code(secret):
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def enrol(client):
    """Add an authenticator app as the page has it done, and return its seed and the recovery codes shown."""
    reauthenticate(client, "/accounts/2fa/totp/activate/")
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    page = client.post("/accounts/2fa/totp/activate/", {"code": current_code(secret)}, follow=True)
    return secret, re.findall(r"\b[0-9]{8}\b", page.content.decode())


@pytest.fixture
def enrolled(client, subscriber, settings):
    settings.MFA_TOTP_TOLERANCE = 0
    sign_in(client, subscriber)
    return enrol(client)


def test_an_account_with_a_second_step_is_not_unlocked_without_it(enrolled, client, subscriber):
    """Password and mailbox often fall together."""
    secret, _codes = enrolled
    client.post("/settings/lock/")
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})
    client.post("/accounts/reauthenticate/code/", {"send_to": "email"})
    client.post("/accounts/reauthenticate/code/", {"code": re.search(r"\b\d{6}\b", mail.outbox[-1].body)[0]})

    assert "/2fa/reauthenticate" in client.post("/settings/unlock/").url
    assert User.objects.get(pk=subscriber.pk).locked_at

    client.post("/accounts/2fa/reauthenticate/", {"code": current_code(secret)})
    client.post("/settings/unlock/")
    assert not User.objects.get(pk=subscriber.pk).locked_at


def test_adding_an_app_asks_who_it_is_first(client, subscriber):
    sign_in(client, subscriber)

    page = client.get("/accounts/2fa/totp/activate/")

    assert page.url.startswith("/accounts/reauthenticate/")


def test_sign_in_takes_the_code_of_the_app(enrolled, subscriber):
    secret, _codes = enrolled
    cache.clear()
    browser = Client()
    page = sign_in(browser, subscriber)
    assert page.url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(browser)

    browser.post(page.url, {"code": current_code(secret)})
    browser.post("/accounts/2fa/trust/", {"action": "skip"})

    assert is_signed_in(browser)


def test_wrong_code_of_the_app_signs_nobody_in(enrolled, subscriber):
    browser = Client()
    page = sign_in(browser, subscriber)

    browser.post(page.url, {"code": "000000"})

    assert not is_signed_in(browser)
    assert AuditEvent.objects.filter(subject=subscriber, action="account.second_factor_failed").exists()


def test_one_time_code_by_email_does_not_pass_the_second_step(enrolled, subscriber, outbox):
    browser = Client()
    browser.post("/accounts/login/code/", {"login": subscriber.email})

    page = browser.post("/accounts/login/code/confirm/", {"code": outbox.code(subscriber.email)})

    assert page.url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(browser)


def test_recovery_code_works_once(enrolled, subscriber):
    _secret, codes = enrolled
    first, second = Client(), Client()
    for browser in (first, second):
        browser.post(sign_in(browser, subscriber).url, {"code": codes[0]})
        browser.post("/accounts/2fa/trust/", {"action": "skip"})

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_reauthentication_takes_the_code_of_the_app(enrolled, client):
    secret, _codes = enrolled
    cache.clear()

    page = client.post(
        "/accounts/2fa/reauthenticate/?next=/accounts/email/",
        {"code": current_code(secret), "next": "/accounts/email/"},
    )

    assert page.url == "/accounts/email/"


def test_database_does_not_hold_the_seed(enrolled):
    secret, codes = enrolled
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = json.dumps(cursor.fetchall())

    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_a_seed_opens_with_its_key_for_its_owner_only(enrolled, subscriber, stranger, settings):
    token = Authenticator.objects.get(type="totp").data["secret"]
    adapter = MFAAdapter()

    with factors_of(subscriber):
        assert adapter.decrypt(token) == enrolled[0]
    with factors_of(stranger), pytest.raises(DecryptionFailed):
        adapter.decrypt(token)
    with pytest.raises(LookupError):
        adapter.decrypt(token)
    settings.PORTAL_ENCRYPTION_KEYS = ["t1:" + "B" * 43 + "="]
    with factors_of(subscriber), pytest.raises(DecryptionFailed):
        adapter.decrypt(token)


@pytest.mark.parametrize("kind", ["totp", "recovery_codes"])
def test_a_factor_copied_into_somebody_elses_row_signs_nobody_in(enrolled, subscriber, stranger, kind, caplog):
    secret, codes = enrolled
    with factors_of(stranger):
        TOTP.activate(stranger, generate_totp_secret())
    Authenticator.objects.filter(user=stranger, type=kind).delete()
    copied = Authenticator.objects.get(user=subscriber, type=kind).data
    Authenticator.objects.create(user=stranger, type=kind, data=copied)
    cache.clear()
    thief = Client()
    page = sign_in(thief, stranger)

    answer = thief.post(page.url, {"code": current_code(secret) if kind == "totp" else codes[0]})

    assert not is_signed_in(thief)
    assert "Incorrect code" in answer.content.decode()
    assert stranger.public_id in caplog.text


def test_the_seed_that_waits_for_its_first_code_is_not_in_the_session_in_clear(client, subscriber):
    sign_in(client, subscriber)
    reauthenticate(client, "/accounts/2fa/totp/activate/")
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret

    wrong = client.post("/accounts/2fa/totp/activate/", {"code": "000000"})

    assert wrong.context["form"].secret == secret
    assert secret not in str(dict(client.session))


def test_the_seed_of_somebody_elses_session_is_not_taken_over(client, subscriber, stranger):
    sign_in(client, stranger)
    reauthenticate(client, "/accounts/2fa/totp/activate/")
    theirs = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    token = client.session[SECRET_SESSION_KEY]
    other = Client()
    sign_in(other, subscriber)
    reauthenticate(other, "/accounts/2fa/totp/activate/")
    session = other.session
    session[SECRET_SESSION_KEY] = token
    session.save()

    other.post("/accounts/2fa/totp/activate/", {"code": current_code(theirs)})

    assert not Authenticator.objects.exists()


def test_passkey_page_opens_behind_reauthentication(client, subscriber):
    sign_in(client, subscriber)
    reauthenticate(client, "/accounts/2fa/webauthn/add/")

    page = client.get("/accounts/2fa/webauthn/add/")

    assert page.status_code == 200
    assert "publicKey" in page.content.decode()


def test_passkeys_are_listed_by_name_and_use_with_a_way_to_remove_them(client, subscriber, now):
    for name, used_at in [("My phone", now), ("Old laptop", None)]:
        data = {"name": name, "credential": {}}
        Authenticator.objects.create(
            user=subscriber, type="webauthn", data=data, created_at=now - timedelta(days=3), last_used_at=used_at
        )
    client.force_login(subscriber)
    reauthenticate(client, "/accounts/2fa/webauthn/")

    page = client.get("/accounts/2fa/webauthn/").content.decode()

    assert "My phone" in page
    assert held_together("Last used 21 Nov 2026") in page
    assert held_together("Added 18 Nov 2026, never used since") in page
    assert page.count("/remove/") == 2


@pytest.mark.parametrize(("playground", "answer"), [(False, "/accounts/2fa/"), (True, None)])
def test_staff_need_a_second_step_outside_the_demo(client, staff, settings, playground, answer):
    settings.PLAYGROUND = playground
    sign_in(client, staff)

    page = client.get("/admin/")

    assert page.headers.get("Location") == answer


def test_staff_with_a_second_step_enter(client, staff, settings):
    settings.PLAYGROUND = False
    settings.CARRIER, settings.ESIMGO_API_KEY = "esimgo", "key"
    sign_in(client, staff)
    enrol(client)

    assert client.get("/admin/").status_code == 200


def test_staff_prove_each_day_who_they_are(client, staff, settings):
    """A stolen session lasts a month, and would open every account so long."""
    settings.PLAYGROUND = False
    settings.CARRIER, settings.ESIMGO_API_KEY = "esimgo", "key"
    sign_in(client, staff)
    enrol(client)
    page = "/admin/accounts/user/"
    dialog = {"headers": {"hx-request": "true", "hx-current-url": f"http://testserver{page}"}}
    with time_machine.travel(timezone.now() + timedelta(hours=12, seconds=1)):
        shown, in_dialog = client.get(page), client.get("/admin/", **dialog)
        reauthenticate(client, page)
        again = client.get(page)

    assert shown.url.endswith(f"/reauthenticate/?next={quote(page, safe='')}")
    assert in_dialog.headers["HX-Redirect"].endswith(f"/reauthenticate/?next={quote(page, safe='')}")
    assert again.status_code == 200


def test_subscriber_does_not_enter_the_staff_area(client, subscriber, settings):
    settings.PLAYGROUND = False
    sign_in(client, subscriber)

    assert client.get("/admin/", follow=True).status_code == 403


def test_staff_area_signs_in_on_our_page(client, db):
    page = client.get("/admin/", follow=True)

    assert page.redirect_chain[-1][0].startswith("/accounts/login/")
