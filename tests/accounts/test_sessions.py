"""Signed-in devices, and proving again who one is before what matters."""

import time

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from accounts.session_views import handle
from portal.lib.sessions import CACHED_SECONDS
from tests import make


@pytest.fixture
def two_browsers(subscriber):
    browsers = Client(), Client()
    for browser in browsers:
        browser.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    return browsers


def test_sign_out_everywhere_else_leaves_only_this_one(two_browsers, subscriber):
    here, elsewhere = two_browsers

    here.post("/accounts/sessions/")

    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
    assert AuditEvent.objects.get(action="account.sessions_ended").detail == {"count": 1}


def test_a_session_whose_end_the_cache_missed_is_over_soon(client, subscriber, monkeypatch):
    """Redis was away when it was ended, and has it still; or a request was putting it there at that moment."""
    assert CACHED_SECONDS <= 300
    monkeypatch.setattr("portal.lib.sessions.CACHED_SECONDS", 1)
    client.post("/accounts/login/", {"login": subscriber.email, "password": make.PASSWORD})
    client.get("/settings/")

    Session.objects.all().delete()
    time.sleep(1.1)

    assert client.get("/settings/").status_code == 302


def test_a_session_is_read_from_the_cache_meanwhile(two_browsers):
    here, _elsewhere = two_browsers
    here.get("/manifest.webmanifest")

    with CaptureQueriesContext(connection) as queries:
        here.get("/settings/")

    assert not [query for query in queries if "django_session" in query["sql"]]


def test_one_other_device_is_signed_out_alone(two_browsers, subscriber):
    here, elsewhere = two_browsers
    third = Client()
    third.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    ended = UserSession.objects.get(session_key=third.session.session_key)

    page = here.post("/accounts/sessions/end/", {"session": handle(ended)}, follow=True)

    assert "That device is signed out." in page.text
    assert page.context["session_count"] == 2
    assert third.get("/settings/").status_code == 302
    assert elsewhere.get("/settings/").status_code == here.get("/settings/").status_code == 200
    assert AuditEvent.objects.get(action="account.sessions_ended").detail == {"count": 1}


def test_the_page_names_other_devices_and_no_session_key(two_browsers, subscriber):
    here, elsewhere = two_browsers
    other = UserSession.objects.get(session_key=elsewhere.session.session_key)

    page = here.get("/accounts/sessions/").text

    assert page.count('name="session"') == 1
    assert handle(other) in page
    assert other.session_key not in page


@pytest.mark.parametrize("named", ["", "x" * 500, "ü"])
def test_a_device_that_is_not_there_ends_nothing(two_browsers, subscriber, named):
    here, _elsewhere = two_browsers

    page = here.post("/accounts/sessions/end/", {"session": named})

    assert page.url == "/accounts/sessions/"
    assert all(browser.get("/settings/").status_code == 200 for browser in two_browsers)


def test_nobody_ends_a_session_of_somebody_else_or_the_own_one_here(two_browsers, stranger):
    browser = Client()
    browser.post("/accounts/login/", {"login": "sam@example.com", "password": make.PASSWORD})

    for session in UserSession.objects.all():
        browser.post("/accounts/sessions/end/", {"session": handle(session)})

    assert all(one.get("/settings/").status_code == 200 for one in (*two_browsers, browser))


def test_stranger_sees_and_ends_only_their_own_sessions(two_browsers, stranger):
    browser = Client()
    browser.post("/accounts/login/", {"login": "sam@example.com", "password": make.PASSWORD})

    page = browser.get("/accounts/sessions/")
    browser.post("/accounts/sessions/")

    assert page.context["session_count"] == 1
    assert all(browser.get("/settings/").status_code == 200 for browser in two_browsers)


@pytest.mark.parametrize("path", ["/accounts/2fa/totp/activate/", "/accounts/email/", "/accounts/phone/change/"])
def test_what_matters_asks_again_who_it_is(client, subscriber, path):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    page = client.post(path, {"email": "x@example.com", "phone": "+14155550102", "action_add": ""})

    assert page.url.startswith("/accounts/reauthenticate/")


def test_reauthentication_lasts_five_minutes(client, subscriber):
    path = "/accounts/2fa/totp/activate/"
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
        page = client.post("/accounts/reauthenticate/", {"password": make.PASSWORD, "next": path})
        assert page.url == path
        clock.shift(299)
        within = client.get(path)
        clock.shift(2)
        after = client.get(path)

    assert within.status_code == 200
    assert after.url.startswith("/accounts/reauthenticate/")


def test_reauthentication_with_a_wrong_password_opens_nothing(client, subscriber):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    page = client.post("/accounts/reauthenticate/", {"password": "wrong"})

    assert page.context["form"].errors["password"]
