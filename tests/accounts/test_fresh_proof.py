"""Proving who one is before what matters, by a one-time code too, and going on with what was sent."""

import re

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from accounts.models import AuditEvent
from tests import make

CODE_PAGE = "/accounts/reauthenticate/code/"
GUARDED = "/accounts/2fa/totp/activate/"


@pytest.fixture
def ada(client, subscriber):
    client.post("/accounts/login/", {"login": subscriber.email, "password": make.PASSWORD})
    mail.outbox.clear()
    return client


def send(client, channel="email", onward=GUARDED):
    return client.post(CODE_PAGE, {"send_to": channel, "next": onward})


def mailed_code():
    return re.search(r"\b\d{6}\b", mail.outbox[-1].body).group()


def wrong_code():
    return f"{(int(mailed_code()) + 1) % 10**6:06}"


def test_a_mailed_code_proves_who_one_is(ada):
    sent = send(ada)
    answer = ada.post(CODE_PAGE, {"code": mailed_code(), "next": GUARDED})

    assert "We sent a code to ada@example.com" in sent.text
    assert mail.outbox[0].to == ["ada@example.com"]
    assert answer.url == GUARDED
    assert ada.get(GUARDED).status_code == 200
    assert AuditEvent.objects.filter(action="account.reauthenticated").exists()


def test_a_code_comes_by_sms_to_a_confirmed_number_only(ada, subscriber, settings):
    settings.SMS_BACKEND = "outbox"
    subscriber.phone = "+14155550101"
    subscriber.save()
    unconfirmed = ada.get(CODE_PAGE)
    subscriber.phone_verified = True
    subscriber.save()

    sent = send(ada, "sms")

    assert "+14155550101" not in unconfirmed.text
    assert "We sent a code to +14155550101" in sent.text


def test_looking_at_the_page_sends_nothing(ada):
    ada.get(CODE_PAGE)
    ada.get(CODE_PAGE, {"send_to": "email"})

    assert mail.outbox == []


def test_a_wrong_code_is_refused_and_counted(ada):
    send(ada)

    answers = [ada.post(CODE_PAGE, {"code": wrong_code(), "next": GUARDED}) for _try in range(3)]
    right = ada.post(CODE_PAGE, {"code": mailed_code(), "next": GUARDED})

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert "wrong three times" in answers[-1].text
    assert right.status_code == 422, "the code counts no more"
    assert AuditEvent.objects.filter(action="account.code_rejected").count() == 3


@pytest.mark.parametrize("code", ["", "000000", "９９９９９９", "x" * 100])
def test_without_a_code_under_way_nothing_fits(ada, code):
    assert ada.post(CODE_PAGE, {"code": code, "next": GUARDED}).status_code == 422


def test_a_code_runs_out(ada):
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        ada.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
        send(ada)
        clock.shift(1000)
        answer = ada.post(CODE_PAGE, {"code": mailed_code(), "next": GUARDED})

    assert answer.status_code == 422
    assert "The code has run out." in answer.text


def test_a_second_code_takes_the_place_of_the_first(ada):
    send(ada)
    first = mailed_code()
    send(ada)
    second = mailed_code()

    stale = ada.post(CODE_PAGE, {"code": first, "next": GUARDED})

    assert stale.status_code == (302 if first == second else 422)


def test_codes_are_not_sent_without_end(ada):
    answers = [send(ada).status_code for _time in range(6)]

    assert answers[0] == 200
    assert answers[-1] == 429


def test_a_code_of_somebody_else_proves_nothing(ada, stranger):
    send(ada)
    code = mailed_code()
    ada.post("/accounts/logout/")
    ada.post("/accounts/login/", {"login": stranger.email, "password": make.PASSWORD})

    assert ada.post(CODE_PAGE, {"code": code, "next": GUARDED}).status_code == 422


def test_a_visitor_is_asked_to_sign_in(client, db):
    assert client.get(CODE_PAGE).url.startswith(reverse("account_login"))


def test_every_way_to_prove_leads_to_the_code(ada):
    page = ada.get(reverse("account_reauthenticate"), {"next": GUARDED})

    assert f"{CODE_PAGE}?next=" in page.text
