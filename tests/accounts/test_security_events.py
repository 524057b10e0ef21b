"""What happens to an account is in its trail; what a stranger types is not."""

import pytest
from allauth.account.models import EmailAddress

from accounts.models import AuditEvent, User
from tests import make


def actions(user):
    return list(AuditEvent.objects.filter(subject=user).order_by("pk").values_list("action", flat=True))


def sign_in(client, login="ada@example.com", password=make.PASSWORD):
    return client.post("/accounts/login/", {"login": login, "password": password})


def test_signing_in_and_out_is_recorded_with_the_address(client, subscriber):
    sign_in(client)
    client.post("/accounts/logout/")

    assert actions(subscriber) == ["account.signed_in", "account.signed_out"]
    event = AuditEvent.objects.first()
    assert (event.actor, event.ip_address, event.detail) == (subscriber, "127.0.0.1", {"methods": ["password"]})


def test_wrong_password_is_recorded_and_names_no_actor(client, subscriber):
    sign_in(client, password="wrong")

    event = AuditEvent.objects.get()
    assert (event.action, event.subject, event.actor) == ("account.sign_in_failed", subscriber, None)


@pytest.mark.parametrize("login", ["nobody@example.com", "my-password-by-mistake", "+14155550199"])
def test_what_belongs_to_no_account_is_not_recorded(client, db, login):
    sign_in(client, login=login, password="wrong")

    assert not AuditEvent.objects.exists()


def test_change_of_password_is_recorded(client, subscriber):
    sign_in(client)
    new = "three wet umbrellas drying"

    client.post("/accounts/password/change/", {"oldpassword": make.PASSWORD, "password1": new, "password2": new})

    assert actions(subscriber)[-1] == "account.password_changed"


def test_change_of_email_keeps_both_tables_in_step_and_is_recorded(client, subscriber, outbox):
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    client.post("/accounts/email/", {"email": "Ada.New@Example.com", "action_add": ""})
    assert User.objects.get(pk=subscriber.pk).email == "ada@example.com"
    client.post("/accounts/confirm-email/", {"code": outbox.code("ada.new@example.com")})

    subscriber.refresh_from_db()
    assert subscriber.email == "ada.new@example.com"
    assert [(a.email, a.primary, a.verified) for a in EmailAddress.objects.filter(user=subscriber)] == [
        ("ada.new@example.com", True, True)
    ]
    event = AuditEvent.objects.get(action="account.email_changed")
    assert event.detail == {"before": "ada@example.com", "after": "ada.new@example.com"}
    assert outbox.to("ada@example.com"), "the old address must be told"


def test_change_of_phone_needs_its_code_and_is_recorded(client, subscriber, outbox):
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    page = client.post("/accounts/phone/change/", {"phone": "(415) 555-0101"})
    subscriber.refresh_from_db()
    assert subscriber.phone == ""
    client.post(page.url, {"code": outbox.code("+14155550101")})

    subscriber.refresh_from_db()
    assert (subscriber.phone, subscriber.phone_verified) == ("+14155550101", True)
    assert actions(subscriber)[-1] == "account.phone_changed"


@pytest.fixture
def with_number(subscriber):
    subscriber.phone, subscriber.phone_verified = "+14155550100", True
    subscriber.save()
    return subscriber


def test_another_number_is_told_to_the_mailbox_and_to_the_old_number(client, with_number, outbox):
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    page = client.post("/accounts/phone/change/", {"phone": "+14155550101"})
    client.post(page.url, {"code": outbox.code("+14155550101")})

    assert outbox.to("ada@example.com")[-1].subject == "The mobile number of your LEB account was changed"
    assert "+1 415-555-0101" in outbox.to("ada@example.com")[-1].body
    assert "now has another mobile number" in outbox.to("+14155550100")[-1].body


def test_another_address_is_told_to_the_number(client, with_number, outbox):
    sign_in(client)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    client.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    client.post("/accounts/confirm-email/", {"code": outbox.code("new@example.com")})

    assert "e-mail address of your account was changed" in outbox.to("+14155550100")[-1].body


def test_a_password_set_by_a_link_is_told_to_the_number(client, with_number, outbox):
    client.post("/accounts/password/reset/", {"login": "ada@example.com"})
    form = client.get(outbox.link("ada@example.com")).url

    client.post(form, {"password1": "three wet umbrellas", "password2": "three wet umbrellas"})

    assert "a new password was set" in outbox.to("+14155550100")[-1].body


def test_a_number_confirmed_on_signing_up_needs_no_letter(client, outbox):
    make.make_user(email="new@example.com", phone="+14155550101", phone_verified=False)

    page = sign_in(client, login="new@example.com")
    client.post(page.url, {"code": outbox.code("+14155550101")})

    assert not outbox.to("new@example.com")
