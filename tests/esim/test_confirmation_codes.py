"""The confirmation code of an eSIM: by another way than the activation code, and kept nowhere in the clear."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse

from accounts.models import AuditEvent, Notification, OutboxMessage
from accounts.notifications import HIDDEN, deliver_due
from esim import confirmation_codes, handing_over
from esim.models import DownloadState, SimProfile
from tests import make

CODE, TOKEN = "492817", "TEST-CC-7Q2XZ"


@pytest.fixture
def profile(subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone")
    profile = make.make_profile(line=line, activation_code=f"1$smdp.example.com${TOKEN}$$1")
    profile.confirmation_code = CODE
    profile.save()
    return profile


@pytest.fixture
def with_phone(subscriber):
    subscriber.phone, subscriber.phone_verified = "+14155550101", True
    subscriber.save()


@pytest.fixture
def as_ada(as_subscriber, time_machine, now):
    time_machine.move_to(now, tick=False)
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return as_subscriber


def page(client, profile):
    return client.get(reverse("esim:install", args=[profile.line.public_id])).content.decode()


def again(client, profile, **sent):
    address = reverse("esim:send_confirmation_code", args=[profile.line.public_id])
    return client.post(address, sent, follow=True).content.decode()


def test_it_goes_by_sms_when_the_code_is_opened_and_stands_on_no_page(as_ada, profile, with_phone, now):
    text = page(as_ada, profile)
    deliver_due(now=now)

    message = OutboxMessage.objects.get(channel="sms")
    assert message.recipient == "+14155550101"
    assert message.body.startswith(CODE)
    assert len(message.body) <= 160
    assert TOKEN not in message.body
    assert "We sent it by SMS" in text
    assert CODE not in text


def test_without_a_confirmed_number_it_goes_by_mail_apart_from_any_other_code(as_ada, profile, now):
    text = page(as_ada, profile)
    deliver_due(now=now)

    (letter,) = (one for one in mail.outbox if CODE in one.body)
    assert "We sent it by e-mail" in text
    assert all(TOKEN not in one.subject + one.body for one in mail.outbox)
    assert CODE not in letter.subject


def test_our_copy_of_the_message_hides_it(as_ada, profile, with_phone, now):
    page(as_ada, profile)
    again(as_ada, profile, channel="email")
    deliver_due(now=now)

    rows = Notification.objects.filter(kind="confirmation_code")
    assert {row.channel for row in rows} == {"sms", "email"}
    for row in rows:
        assert row.state == Notification.State.SENT
        assert HIDDEN in row.body
        assert CODE not in row.body + row.subject + json.dumps(row.context) + row.key
    assert CODE not in json.dumps([event.detail for event in AuditEvent.objects.all()])


def test_a_second_look_sends_nothing(as_ada, profile):
    for _ in range(3):
        page(as_ada, profile)

    assert Notification.objects.filter(kind="confirmation_code").count() == 1
    assert AuditEvent.objects.filter(action="line.confirmation_code_sent").count() == 1


def test_it_is_sent_again_once_a_minute_and_five_times_an_hour(as_ada, profile, time_machine, now):
    page(as_ada, profile)
    answers = []
    for minute in range(1, 5):
        time_machine.move_to(now + timedelta(seconds=61 * minute), tick=False)
        answers += [again(as_ada, profile), again(as_ada, profile)]
    time_machine.move_to(now + timedelta(minutes=6), tick=False)
    as_ada.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    too_often = again(as_ada, profile)
    time_machine.move_to(now + timedelta(hours=2), tick=False)
    as_ada.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    later = again(as_ada, profile)

    assert ["is on its way" in answer for answer in answers] == [True, False] * 4
    assert "Wait a little" in too_often
    assert "is on its way" in later
    assert Notification.objects.filter(kind="confirmation_code").count() == 6


def test_a_channel_that_is_not_there_is_not_used(as_ada, profile):
    page(as_ada, profile)

    again(as_ada, profile, channel="sms")

    assert set(Notification.objects.filter(kind="confirmation_code").values_list("channel", flat=True)) == {"email"}


def test_a_code_of_no_more_use_is_not_sent(as_ada, profile, now):
    page(as_ada, profile)
    SimProfile.objects.update(download_state=DownloadState.INSTALLED)

    deliver_due(now=now)

    assert Notification.objects.get(kind="confirmation_code").state == Notification.State.FAILED
    assert all(CODE not in one.body for one in mail.outbox)
    assert as_ada.post(reverse("esim:send_confirmation_code", args=[profile.line.public_id])).status_code == 404


def test_an_esim_without_one_sends_nothing(as_ada, profile):
    SimProfile.objects.update(confirmation_code_ciphertext="")

    text = page(as_ada, profile)

    assert "You got it separately" in text
    assert not Notification.objects.filter(kind="confirmation_code").exists()


def test_a_stranger_has_it_sent_to_nobody(client, stranger, profile):
    client.force_login(stranger)

    assert client.post(reverse("esim:send_confirmation_code", args=[profile.line.public_id])).status_code == 404
    assert not Notification.objects.exists()


def test_who_is_handed_the_line_is_sent_the_code_as_well(as_ada, subscriber, stranger, profile, now):
    former, profile.line.owner = profile.line, stranger
    former.save()
    confirmation_codes.send_first(profile=profile, viewer=stranger, ip=None, now=now)
    with transaction.atomic():
        line = handing_over.hand_over(former, profile=profile, to=subscriber, now=now)

    shown = as_ada.get(reverse("esim:install", args=[line.public_id]))

    assert shown.status_code == 200
    sent = Notification.objects.filter(kind="confirmation_code").order_by("pk")
    assert [notice.user for notice in sent] == [stranger, subscriber]
