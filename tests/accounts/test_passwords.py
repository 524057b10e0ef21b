"""Setting a new password when the old one is forgotten, with a code that stands for it."""

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from accounts.models import ApiToken, AuditEvent
from accounts.second_factors import factors_of
from tests import make
from tests.accounts.conftest import is_signed_in
from tests.accounts.test_second_step import current_code

NEW = "three wet umbrellas drying"
FORGOT, CHANGE, LOGIN = "/accounts/password/reset/", "/accounts/password/change/", "/accounts/login/"
TYPED = {"password1": NEW, "password2": NEW}


@pytest.fixture
def lin(db):
    return make.make_user(email="lin@example.com", phone="+14155550101", phone_verified=True)


def test_reset_by_sms_code_in_any_spelling_of_the_number(client, lin, outbox):
    page = client.post(FORGOT, {"login": "(415) 555-0101"})
    page = client.post(page.url, {"code": outbox.code("+14155550101")})
    assert page.url == CHANGE
    client.post(CHANGE, TYPED)

    lin.refresh_from_db()
    assert lin.check_password(NEW)
    assert is_signed_in(client)


def test_reset_for_an_unknown_number_looks_the_same(lin, outbox):
    answers = []
    for number in ("+14155550101", "+14155550199"):
        client = Client()
        answer = client.post(FORGOT, {"login": number})
        page = client.get(answer.url).content.decode().replace(number, "NUMBER")
        answers.append((answer.status_code, answer.url, page.partition("<main")[2].partition("csrf")[0]))

    assert answers[0] == answers[1]
    assert "no account uses it" in outbox.to("+14155550199")[-1].body


def test_a_number_that_nobody_proved_resets_no_password(client, outbox):
    make.make_user(phone="+14155550101", phone_verified=False)

    client.post(FORGOT, {"login": "+14155550101"})

    assert "no account uses it" in outbox.to("+14155550101")[-1].body


def test_who_is_signed_in_and_forgot_the_password_proves_it_by_a_code(client, lin, outbox):
    client.force_login(lin)

    page = client.post(FORGOT, {"login": "+14155550101"})
    assert page.url == "/accounts/reauthenticate/code/?next=%2Faccounts%2Fpassword%2Fchange%2F"
    client.post(page.url, {"send_to": "sms"})
    page = client.post(page.url, {"code": outbox.code("+14155550101")})
    client.post(page.url, TYPED)

    lin.refresh_from_db()
    assert lin.check_password(NEW)


@pytest.mark.usefixtures("early_in_a_time_step")
def test_after_the_code_the_second_step_is_asked_for_and_then_the_password(client, lin, outbox):
    with factors_of(lin):
        TOTP.activate(lin, "JBSWY3DPEHPK3PXP")
    page = client.post(FORGOT, {"login": "+14155550101"})
    page = client.post(page.url, {"code": outbox.code("+14155550101")})
    assert page.url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)

    page = client.post(page.url, {"code": current_code("JBSWY3DPEHPK3PXP")})
    page = client.post(page.url, {"action": "skip"})

    assert page.url == CHANGE
    assert "oldpassword" not in client.get(CHANGE).context["form"].fields


def test_a_password_set_by_a_code_is_called_a_reset(client, lin, outbox):
    """Lines stay where they are for a while after one: whoever has the number alone can do it."""
    page = client.post(FORGOT, {"login": "+14155550101"})
    client.post(page.url, {"code": outbox.code("+14155550101")})
    client.post(CHANGE, TYPED)

    changes = AuditEvent.objects.filter(subject=lin, action__startswith="account.password")
    assert [event.action for event in changes] == ["account.password_reset"]


def test_tokens_of_programs_end_with_a_reset_and_not_with_a_change(client, lin, outbox, now):
    make.make_api_token(owner=lin)
    client.post(LOGIN, {"login": lin.email, "password": make.PASSWORD})
    client.post(CHANGE, {"oldpassword": make.PASSWORD, **TYPED})
    assert ApiToken.objects.usable(now).exists()

    code_first = Client()
    page = code_first.post(FORGOT, {"login": "+14155550101"})
    page = code_first.post(page.url, {"code": outbox.code("+14155550101")})
    other = "four dry umbrellas folding"
    code_first.post(CHANGE, {"password1": other, "password2": other})

    lin.refresh_from_db()
    assert lin.check_password(other)
    assert not ApiToken.objects.usable(now).exists()
    assert AuditEvent.objects.filter(subject=lin, action="api_token.revoked").count() == 1


def test_a_password_changed_with_the_old_one_is_no_reset(client, lin):
    client.post("/accounts/login/", {"login": "lin@example.com", "password": make.PASSWORD})

    client.post(CHANGE, {"oldpassword": make.PASSWORD, **TYPED})

    changes = AuditEvent.objects.filter(subject=lin, action__startswith="account.password")
    assert [event.action for event in changes] == ["account.password_changed"]


@pytest.mark.parametrize("login", ["", "x", "12", "a@", "+1"])
def test_what_is_no_address_is_explained_and_kept(client, db, login):
    page = client.post(FORGOT, {"login": login})

    assert page.status_code == 422
    assert page.context["form"].errors["login"]
    assert f'value="{login}"' in page.content.decode() or not login


def test_too_many_messages_are_refused_in_plain_words(client, lin, outbox):
    for _ in range(3):
        Client().post(FORGOT, {"login": "+14155550101"})

    page = client.post(FORGOT, {"login": "+14155550101"})

    assert "Too many messages were asked for" in page.content.decode()
    assert len(outbox.to("+14155550101")) == 3


def test_new_password_needs_the_old_one_after_signing_in_with_it(client, subscriber):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    page = client.post(CHANGE, TYPED)

    assert page.context["form"].errors["oldpassword"]


def test_new_password_needs_the_old_one_six_minutes_after_the_code(client, subscriber, outbox):
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        client.post("/accounts/login/code/", {"login": "ada@example.com"})
        client.post("/accounts/login/code/confirm/", {"code": outbox.code("ada@example.com")})
        clock.shift(301)
        page = client.post(CHANGE, TYPED)

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

    client.post(CHANGE, {"oldpassword": make.PASSWORD, **TYPED})

    assert client.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
