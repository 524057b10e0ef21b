"""A subscriber's own tokens: made after a fresh proof, shown once, revoked at any time."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import api_tokens, personal_tokens
from accounts.models import ApiToken, AuditEvent, Notification
from tests import make
from tests.make import PASSWORD
from tests.proved import address_of_form

NEW = "/settings/tokens/new/"
FORM = {"name": "Home server", "scopes": ["lines:read", "usage:read"], "lasts": "30"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def proven(as_subscriber):
    as_subscriber.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return as_subscriber


def secret_on(answer):
    [secret] = re.findall(r"esimp_[\w-]{40,}", answer.content.decode())
    return secret


def test_a_token_is_made_after_a_proof_and_shown_once(as_subscriber, subscriber):
    asked = as_subscriber.post(NEW, FORM)
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    answer = as_subscriber.post(asked.headers["Location"], {"password": PASSWORD})

    secret = secret_on(answer)
    token = api_tokens.bearer(f"Bearer {secret}", scope="lines:read", now=timezone.now())
    assert (token.user, token.scopes) == (subscriber, ["lines:read", "usage:read"])
    assert "no-store" in answer["Cache-Control"]
    page = as_subscriber.get("/settings/tokens/").content.decode()
    assert secret not in page
    assert token.prefix in page
    assert AuditEvent.objects.get(action="api_token.made").subject == subscriber
    assert [notice.kind for notice in Notification.objects.all()] == ["api_token_made"]
    assert secret not in str(Notification.objects.values().get())


def test_what_was_typed_wrong_makes_no_token(proven):
    for wrong in ({"scopes": []}, {"scopes": ["usage:write"]}, {"name": ""}, {"lasts": "9999"}):
        assert proven.post(NEW, {**FORM, **wrong}).status_code == 422, wrong

    assert not ApiToken.objects.exists()


def test_a_form_refused_after_the_proof_is_mended_and_sent_from_there(as_subscriber):
    asked = as_subscriber.post(NEW, {**FORM, "name": ""})
    refused = as_subscriber.post(asked.url, {"password": PASSWORD})

    made = as_subscriber.post(address_of_form(refused, field="scopes"), FORM)

    assert refused.status_code == 422
    assert secret_on(made)


def test_a_revoked_token_is_worth_nothing(as_subscriber, subscriber, stranger, client):
    token = make.make_api_token(owner=subscriber)
    address = reverse("accounts:revoke_token", args=[token.public_id])

    assert b"Home server" in as_subscriber.get(address).content
    assert ApiToken.objects.usable(timezone.now()).exists()
    as_subscriber.post(address)

    assert not ApiToken.objects.usable(timezone.now()).exists()
    assert b"Home server" not in as_subscriber.get("/settings/tokens/", follow=True).content.split(b"</h1>")[1]
    client.force_login(stranger)
    assert client.post(address).status_code == 404


def test_whoever_reports_a_stranger_has_no_tokens_left(as_subscriber, subscriber):
    make.make_api_token(owner=subscriber)
    page = as_subscriber.get("/settings/report/").content.decode()
    [key] = re.findall(r'name="form_key" value="([^"]+)"', page) or [""]

    as_subscriber.post("/settings/report/", {"text": "That was not me.", "form_key": key})

    assert not ApiToken.objects.usable(timezone.now()).exists()
    assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1


def test_a_locked_account_makes_no_token(proven, subscriber):
    type(subscriber).objects.update(locked_at=timezone.now())

    assert proven.post(NEW, FORM).status_code == 423
    assert not ApiToken.objects.exists()


def test_nobody_has_more_tokens_than_one_can_keep_in_mind(proven, subscriber, monkeypatch):
    monkeypatch.setattr(personal_tokens, "MOST", 1)

    first, second = proven.post(NEW, FORM), proven.post(NEW, FORM)

    assert (first.status_code, second.status_code) == (200, 422)
    assert ApiToken.objects.count() == 1
