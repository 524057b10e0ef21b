"""Opening an account: verify by code, in the language of the browser."""

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from tests import make
from tests.accounts.conftest import is_signed_in

PASSWORD = "nine blue herons waiting"


def sign_up(client, email="new@example.com", phone="", **headers):
    form = {"email": email, "phone": phone, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", form, headers=headers)


def test_sign_up_ends_signed_in_after_the_code_from_the_mail(client, outbox):
    page = sign_up(client, email="New@Example.com")
    assert page.url == "/accounts/confirm-email/"
    assert not is_signed_in(client)

    page = client.post("/accounts/confirm-email/", {"code": outbox.code("new@example.com")})

    assert page.url == "/"
    assert is_signed_in(client)
    assert User.objects.get().email == "new@example.com"


def test_wrong_code_signs_nobody_in(client, outbox):
    sign_up(client)

    page = client.post("/accounts/confirm-email/", {"code": "000000"})

    assert page.context["form"].errors
    assert not is_signed_in(client)


def test_sign_up_with_phone_confirms_both(client, outbox):
    page = sign_up(client, phone="(415) 555-0101")
    assert page.url == "/accounts/phone/verify/"

    page = client.post(page.url, {"code": outbox.code("+14155550101")})
    page = client.post(page.url, {"code": outbox.code("new@example.com")})

    user = User.objects.get()
    assert is_signed_in(client)
    assert (user.phone, user.phone_verified) == ("+14155550101", True)


def test_sign_up_takes_the_language_of_the_browser(client, outbox):
    sign_up(client, **{"accept-language": "zh-TW,zh;q=0.9"})

    assert User.objects.get().language == "zh-hant"


def test_sign_up_with_a_known_address_looks_the_same_and_tells_the_owner(client, subscriber, outbox):
    known = sign_up(client, email="ada@example.com")
    fresh = sign_up(client.__class__(), email="fresh@example.com")

    assert (known.status_code, known.url) == (fresh.status_code, fresh.url)
    assert outbox.to("ada@example.com")[-1].subject == "You already have a LEB account"
    assert User.objects.filter(email="ada@example.com").count() == 1


def test_sign_up_with_a_number_of_somebody_else_looks_the_same(client, outbox):
    make.make_user(phone="+14155550101", phone_verified=True)

    known = sign_up(client, phone="+1 415 555 0101")
    fresh = sign_up(client.__class__(), email="two@example.com", phone="+1 415 555 0102")

    assert (known.status_code, known.url) == (fresh.status_code, fresh.url)
    assert "already belongs to an account" in outbox.to("+14155550101")[-1].body


def test_number_proved_by_another_account_meanwhile_is_refused_with_a_reason(client, outbox):
    page = sign_up(client, phone="+14155550101")
    code = outbox.code("+14155550101")
    make.make_user(phone="+14155550101", phone_verified=True)

    page = client.post(page.url, {"code": code})

    assert page.status_code == 200
    assert page.context["form"].errors["code"]


def test_robot_that_fills_the_hidden_field_gets_the_same_answer_and_no_account(client, outbox):
    form = {"email": "bot@example.com", "password1": PASSWORD, "password2": PASSWORD, "website": "spam"}

    page = client.post("/accounts/signup/", form)

    assert page.url == "/accounts/confirm-email/"
    assert not User.objects.exists()


def test_short_password_is_refused_with_what_was_typed_kept(client, db):
    page = client.post("/accounts/signup/", {"email": "a@example.com", "password1": "short", "password2": "short"})

    assert page.context["form"].errors["password1"]
    assert 'value="a@example.com"' in page.content.decode()


def test_stranger_who_opened_my_account_first_loses_it_when_i_prove_the_address(client, outbox):
    """The stranger has set a password and proved a number of their own, and waits for my confirmation."""
    page = sign_up(client, email="mine@example.com", phone="+14155550166")
    client.post(page.url, {"code": outbox.code("+14155550166")})
    me = client.__class__()

    me.post("/accounts/login/code/", {"login": "mine@example.com"})
    me.post("/accounts/login/code/confirm/", {"code": outbox.code("mine@example.com")})

    user = User.objects.get()
    assert is_signed_in(me)
    assert me.get("/settings/").status_code == 200
    assert not user.check_password(PASSWORD)
    assert (user.phone, user.phone_verified) == ("", False)
    assert AuditEvent.objects.filter(action="account.unproved_access_removed", subject=user).exists()


def test_stranger_who_opened_my_account_first_loses_it_when_i_reset_the_password(client, outbox):
    page = sign_up(client, email="mine@example.com", phone="+14155550166")
    client.post(page.url, {"code": outbox.code("+14155550166")})
    me = client.__class__()

    me.post("/accounts/password/reset/", {"login": "mine@example.com"})
    page = me.get(outbox.link("mine@example.com"))
    assert User.objects.get().phone_verified, "until the password is set nothing is taken from anybody"
    me.post(page.url, {"password1": "my own sixteen chars", "password2": "my own sixteen chars"})

    user = User.objects.get()
    assert user.check_password("my own sixteen chars")
    assert (user.phone, user.phone_verified) == ("", False)
    assert user.emailaddress_set.get().verified
    me.post("/accounts/login/", {"login": "mine@example.com", "password": "my own sixteen chars"})
    assert is_signed_in(me)


@pytest.mark.parametrize(("phone", "to"), [("", "lin@example.com"), ("+14155550101", "+14155550101")])
def test_opening_accounts_fills_nobodys_mailbox_and_sends_no_sms_without_end(outbox, time_machine, now, phone, to):
    """From as many addresses as there are, and whether an account has it or not."""
    time_machine.move_to(now, tick=False)
    typed = {"email": "lin@example.com", "phone": phone, "password1": PASSWORD, "password2": PASSWORD}

    for number in range(20):
        Client().post("/accounts/signup/", typed, REMOTE_ADDR=f"192.0.2.{number}")
        time_machine.shift(31)

    assert len(outbox.to(to)) == 12


NO_DOMAINS = ["a@" + "ä" * 62 + ".com", "a@\u0640ä.com", "a@example.\uff0ecom"]
"""Addresses that Django takes for one, with domains that no DNS name can hold."""


@pytest.mark.parametrize("email", NO_DOMAINS)
def test_an_address_no_letter_can_be_sent_to_opens_no_account(client, db, email):
    page = sign_up(client, email=email)

    assert "email" in page.context["form"].errors
    assert not User.objects.exists()


@pytest.mark.parametrize("email", NO_DOMAINS)
@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/login/code/"])
def test_an_address_no_letter_can_be_sent_to_is_refused_in_words(client, db, path, email):
    page = client.post(path, {"login": email})

    assert page.status_code < 500
    assert page.context["form"].errors


def test_nobody_changes_to_an_address_no_letter_can_be_sent_to(client, subscriber):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    page = client.post("/accounts/email/", {"action_add": "", "email": NO_DOMAINS[0]})

    assert page.context["form"].errors
