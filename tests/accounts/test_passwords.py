"""Setting a new password when the old one is forgotten: by e-mail code and by SMS code."""

import time_machine
from django.test import Client

from tests import make
from tests.accounts.conftest import is_signed_in

NEW = "three wet umbrellas drying"
CHANGE = "/accounts/password/change/"


def test_reset_by_email_code(client, subscriber, outbox):
    page = client.post("/accounts/password/reset/", {"email": "Ada@example.com"})
    page = client.post(page.url, {"code": outbox.code("ada@example.com")})
    client.post(page.url, {"password1": NEW, "password2": NEW})

    subscriber.refresh_from_db()
    assert subscriber.check_password(NEW)
    assert outbox.to("ada@example.com")[-1].subject == "Your LEB password was changed"


def test_reset_for_an_unknown_address_looks_the_same(subscriber, outbox):
    answers = []
    for email in ("ada@example.com", "nobody@example.com"):
        client = Client()
        answer = client.post("/accounts/password/reset/", {"email": email})
        page = client.get(answer.url).content.decode().replace(email, "EMAIL")
        answers.append((answer.url, page.partition("<main")[2].partition("csrf")[0]))

    assert answers[0] == answers[1]
    assert "no account uses this address" in outbox.to("nobody@example.com")[-1].body


def test_reset_by_sms_code(client, outbox):
    user = make.make_user(phone="+14155550101", phone_verified=True)
    forgot = client.get("/accounts/password/reset/").content.decode()
    way = "/accounts/login/code/?next=%2Faccounts%2Fpassword%2Fchange%2F"
    assert way in forgot

    page = client.post(way, {"login": "+14155550101", "next": CHANGE})
    page = client.post(page.url, {"code": outbox.code("+14155550101"), "next": CHANGE})
    assert page.url == CHANGE
    client.post(CHANGE, {"password1": NEW, "password2": NEW})

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert is_signed_in(client)


def test_new_password_needs_the_old_one_after_signing_in_with_it(client, subscriber):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    page = client.post(CHANGE, {"password1": NEW, "password2": NEW})

    assert page.context["form"].errors["oldpassword"]


def test_new_password_needs_the_old_one_six_minutes_after_the_code(client, subscriber, outbox):
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        client.post("/accounts/login/code/", {"login": "ada@example.com"})
        client.post("/accounts/login/code/confirm/", {"code": outbox.code("ada@example.com")})
        clock.shift(301)
        page = client.post(CHANGE, {"password1": NEW, "password2": NEW})

    assert page.context["form"].errors["oldpassword"]


def test_code_of_another_person_in_the_same_browser_proves_nothing(client, subscriber, stranger, outbox):
    client.post("/accounts/login/code/", {"login": "sam@example.com"})
    client.post("/accounts/login/code/confirm/", {"code": outbox.code("sam@example.com")})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    page = client.get(CHANGE)

    assert "oldpassword" in page.context["form"].fields


def test_new_password_ends_the_other_sessions(client, subscriber):
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    client.post(CHANGE, {"oldpassword": make.PASSWORD, "password1": NEW, "password2": NEW})

    assert client.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
