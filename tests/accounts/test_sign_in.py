"""Signing in by e-mail or mobile number, with a password or a one-time code."""

import pytest
from allauth.core.context import request_context
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.forms import ConfirmLoginCodeForm, VerifyPhoneForm
from accounts.proof_by_code import ProofCodeForm
from portal.lib.sessions import SessionStore
from tests import make
from tests.accounts.conftest import is_signed_in

LOGIN, CODE, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"


@pytest.fixture
def lin(db):
    return make.make_user(email="lin@example.com", phone="+14155550101", phone_verified=True)


@pytest.mark.parametrize(
    "login",
    ["lin@example.com", " LIN@Example.com ", "+14155550101", "+1 415 555 0101", "(415) 555-0101", "1-415-555-0101"],
)
def test_sign_in_with_password_in_any_spelling(client, lin, login):
    page = client.post(LOGIN, {"login": login, "password": make.PASSWORD})

    assert page.url == "/"
    assert is_signed_in(client)


def test_region_without_country_code_is_a_setting(client, db, settings):
    settings.PORTAL_DEFAULT_REGION = "TW"
    make.make_user(phone="+886912345678", phone_verified=True)

    client.post(LOGIN, {"login": "0912-345-678", "password": make.PASSWORD})

    assert is_signed_in(client)


def test_number_that_is_not_verified_signs_nobody_in(client, db):
    make.make_user(phone="+14155550101", phone_verified=False)

    page = client.post(LOGIN, {"login": "+14155550101", "password": make.PASSWORD})

    assert page.context["form"].errors
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "login", ["lin@example.com", "nobody@example.com", "+14155550101", "+14155550199", "x", "12", "'; --", "@"]
)
def test_wrong_password_gets_one_answer_whoever_it_is(client, lin, login):
    page = client.post(LOGIN, {"login": login, "password": "not the password"})

    assert page.status_code == 200
    assert page.context["form"].non_field_errors() == [
        "This e-mail address or mobile number and this password do not belong together."
    ]


@pytest.mark.parametrize(
    ("login", "recipient"), [("lin@example.com", "lin@example.com"), ("415 555 0101", "+14155550101")]
)
def test_sign_in_by_one_time_code(client, lin, outbox, login, recipient):
    page = client.post(CODE, {"login": login})
    assert page.url == CONFIRM

    page = client.post(CONFIRM, {"code": outbox.code(recipient)})

    assert page.url == "/"
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("known", "unknown"), [("lin@example.com", "no@example.com"), ("+14155550101", "+14155550199")]
)
def test_code_for_nobody_gets_the_same_page_as_for_somebody(lin, outbox, known, unknown):
    pages = []
    for login in (known, unknown):
        client = Client()
        answer = client.post(CODE, {"login": login})
        shown = client.get(CONFIRM).content.decode().replace(login, "LOGIN")
        pages.append((answer.status_code, answer.url, shown.partition("<main")[2].partition("csrf")[0]))

    assert pages[0] == pages[1]
    assert len(outbox.to(unknown)) == 1


@pytest.mark.parametrize("login", ["", "x", "12", "a@", "+1"])
def test_code_for_what_is_no_address_is_explained(client, db, login):
    page = client.post(CODE, {"login": login})

    assert page.context["form"].errors["login"]


def test_third_wrong_code_ends_the_attempt(client, lin, outbox):
    client.post(CODE, {"login": "lin@example.com"})

    answers = [client.post(CONFIRM, {"code": "000000"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert client.post(CONFIRM, {"code": outbox.code("lin@example.com")}).status_code == 302
    assert not is_signed_in(client)


@pytest.mark.parametrize("form", [ConfirmLoginCodeForm, ProofCodeForm, VerifyPhoneForm])
def test_guesses_sent_at_once_are_no_more_than_three(rf, db, form):
    """Each begins with the session as it was before the others."""
    request = rf.post(CONFIRM)
    request.session = SessionStore()
    request.session.create()

    def guess(typed, code):
        return form({"code": typed}, code=code).is_valid()

    with request_context(request):
        assert [guess(typed, "123456") for typed in ("000000", "000001", "000002", "123456")] == [False] * 4
        assert guess("654321", "654321")


def test_fifth_wrong_password_by_phone_locks_that_number_only(lin):
    other = make.make_user(phone="+14155550102", phone_verified=True)
    for _ in range(5):
        Client().post(LOGIN, {"login": "+14155550101", "password": "wrong"})

    locked, free = Client(), Client()
    locked.post(LOGIN, {"login": "+14155550101", "password": make.PASSWORD})
    free.post(LOGIN, {"login": other.phone, "password": make.PASSWORD})

    assert not is_signed_in(locked)
    assert is_signed_in(free)


def test_visitors_with_ipv4_addresses_written_as_ipv6_do_not_share_a_limit(lin):
    for _ in range(11):
        Client().post(LOGIN, {"login": "nobody@example.com", "password": "wrong"}, REMOTE_ADDR="::ffff:192.0.2.66")

    elsewhere = Client()
    elsewhere.post(LOGIN, {"login": lin.email, "password": make.PASSWORD}, REMOTE_ADDR="::ffff:192.0.2.1")

    assert is_signed_in(elsewhere)
    assert UserSession.objects.get().ip == "192.0.2.1"


def test_code_is_in_no_log(client, lin, outbox, caplog):
    caplog.set_level("DEBUG")

    client.post(CODE, {"login": "+14155550101"})

    assert outbox.code("+14155550101") not in caplog.text


@pytest.mark.slow
def test_sms_provider_down_is_said_and_is_no_error_page(client, lin, settings):
    settings.SMS_BACKEND = "json://127.0.0.1:9/"

    client.post(CODE, {"login": "+14155550101"})
    page = client.get(CONFIRM)

    assert "could not be sent" in page.content.decode()


def test_mail_server_down_is_said_and_is_no_error_page(client, lin, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )

    client.post(CODE, {"login": "lin@example.com"})
    page = client.get(CONFIRM)

    assert "could not be sent" in page.content.decode()


def test_sign_in_page_shows_the_demo_accounts_in_the_demo_only(client, db, settings):
    settings.DEMO = True
    demo = client.get(LOGIN).content.decode()
    settings.DEMO = False
    real = client.get(LOGIN).content.decode()

    assert "demo-portal-2026" in demo
    assert "demo@example.com" in demo
    assert "demo-portal-2026" not in real


def test_sign_in_page_leads_everywhere(client, db):
    page = client.get(LOGIN).content.decode()

    for way in ("/accounts/signup/", CODE, "/accounts/password/reset/", 'id="passkey_login"'):
        assert way in page
