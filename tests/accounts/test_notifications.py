"""Notices: written once, delivered at least once, in the reader's words and time."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import transaction

from accounts import notifications, tasks
from accounts.models import Notification, OutboxMessage
from accounts.notifications import LEASE, MAX_ATTEMPTS, deliver_due, notify
from portal.lib import cache_turns
from portal.lib.cache_turns import turn_at
from portal.lib.data_size import GB
from tests import make

CONTEXT = {
    "line": "Ada's travel",
    "left_bytes": 5 * GB // 2,
    "price": {"minor": 1490, "currency": "USD"},
    "ends_at": "2026-11-30T20:30:00+00:00",
}
MINUTE = timedelta(minutes=1)


class DeadMailServer(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionError("Connection refused")


class SilentMailServer(EmailBackend):
    waited = 0

    def send_messages(self, messages):
        SilentMailServer.waited += 20
        raise TimeoutError


class EndsTheRun(EmailBackend):
    def send_messages(self, messages):
        raise SoftTimeLimitExceeded


class PowerCut(BaseException):
    """What no `except Exception` sees: the process is gone."""


class CrashAfterSending(EmailBackend):
    def send_messages(self, messages):
        super().send_messages(messages)
        raise PowerCut


@pytest.fixture(autouse=True)
def _notice_templates(settings):
    ours = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**ours, "DIRS": [Path(__file__).parent / "templates", *ours["DIRS"]]}]


def say(user, now, key="data-low:line-1"):
    notify(user=user, kind="data_low", key=key, context=CONTEXT, now=now)


def use_mail_server(settings, backend):
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"


def test_notice_is_delivered_once(subscriber, now):
    say(subscriber, now)

    assert deliver_due(now=now) == 1
    assert deliver_due(now=now + MINUTE) == 0
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]
    assert Notification.objects.get().sent_at == now


def test_notice_written_twice_is_one_row(subscriber, now):
    say(subscriber, now)
    say(subscriber, now)

    assert Notification.objects.count() == 1


def test_notice_is_withdrawn_with_the_transaction_that_wrote_it(subscriber, now):
    @transaction.atomic
    def fail_after_saying():
        say(subscriber, now)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        fail_after_saying()

    assert not Notification.objects.exists()


def test_notice_is_not_sent_before_it_is_due(subscriber, now):
    say(subscriber, now + MINUTE)

    assert deliver_due(now=now) == 0


@pytest.mark.parametrize(
    ("by_email", "by_sms", "verified", "channels"),
    [
        (True, False, True, {"email"}),
        (True, True, True, {"email", "sms"}),
        (False, True, True, {"sms"}),
        (True, True, False, {"email"}),
        (False, True, False, {"email"}),
        (False, False, True, set()),
    ],
)
def test_notice_takes_the_channels_the_person_wants(db, now, by_email, by_sms, verified, channels):
    user = make.make_user(phone="+14155550101", phone_verified=verified, notify_by_email=by_email, notify_by_sms=by_sms)

    say(user, now)

    assert set(Notification.objects.values_list("channel", flat=True)) == channels


def test_notice_speaks_the_readers_language_and_time_zone(db, now):
    user = make.make_user(language="zh-hans", time_zone="Asia/Taipei")
    say(user, now)

    deliver_due(now=now)

    # 20:30 UTC on the 30th is half past four on the 1st in Taipei.
    assert mail.outbox[0].body.startswith("Ada's travel: 2.5 GB, US$14.90, 2026年12月1日 04:30, 英语")


def test_subject_is_one_line_and_not_escaped(subscriber, now):
    say(subscriber, now)

    deliver_due(now=now)

    assert mail.outbox[0].subject == "Ada's travel: 2.5 GB left"


def test_sms_goes_to_the_verified_number(db, now):
    user = make.make_user(phone="+14155550101", phone_verified=True, notify_by_email=False, notify_by_sms=True)
    say(user, now)

    deliver_due(now=now)

    message = OutboxMessage.objects.get()
    assert (message.channel, message.recipient) == ("sms", "+14155550101")
    assert message.body == "Ada's travel: 2.5 GB, 30 Nov 2026"


def test_sms_is_given_up_when_the_number_is_gone(db, now):
    user = make.make_user(phone="+14155550101", phone_verified=True, notify_by_email=False, notify_by_sms=True)
    say(user, now)
    type(user).objects.filter(pk=user.pk).update(phone="", phone_verified=False)

    assert deliver_due(now=now) == 0
    assert Notification.objects.get().state == Notification.State.FAILED
    assert not OutboxMessage.objects.exists()


def test_mail_server_down_is_tried_again_later_and_then_given_up(subscriber, now, settings):
    use_mail_server(settings, DeadMailServer)
    say(subscriber, now)

    moments = [now + timedelta(days=day) for day in range(MAX_ATTEMPTS + 2)]
    sent = [deliver_due(now=moment) for moment in moments]

    notice = Notification.objects.get()
    assert not any(sent)
    assert (notice.state, notice.attempts) == (Notification.State.FAILED, MAX_ATTEMPTS)
    assert notice.error == "ConnectionError: Connection refused"


def test_mail_server_back_again_delivers_what_waited(subscriber, now, settings):
    healthy = settings.EMAIL_BACKEND
    use_mail_server(settings, DeadMailServer)
    say(subscriber, now)
    deliver_due(now=now)
    settings.EMAIL_BACKEND = healthy

    assert deliver_due(now=now + timedelta(seconds=59)) == 0
    assert deliver_due(now=now + MINUTE) == 1


def test_one_bad_notice_does_not_stop_the_others(subscriber, now):
    notify(user=subscriber, kind="no_such_kind", key="bad", context={}, now=now)
    say(subscriber, now, key="good")

    assert deliver_due(now=now) == 1
    assert Notification.objects.get(key="bad:email").error.startswith("TemplateDoesNotExist")


def test_crash_between_sending_and_recording_costs_one_more_copy_at_most(subscriber, now, settings):
    healthy = settings.EMAIL_BACKEND
    use_mail_server(settings, CrashAfterSending)
    say(subscriber, now)
    with pytest.raises(PowerCut):
        deliver_due(now=now)
    settings.EMAIL_BACKEND = healthy

    during_the_lease = deliver_due(now=now + LEASE - MINUTE)
    after_the_lease = deliver_due(now=now + LEASE)

    assert (during_the_lease, after_the_lease) == (0, 1)
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_notice_that_kills_its_sender_each_time_is_given_up(subscriber, now, settings):
    use_mail_server(settings, CrashAfterSending)
    say(subscriber, now)

    for attempt in range(MAX_ATTEMPTS):
        with pytest.raises(PowerCut):
            deliver_due(now=now + attempt * LEASE)

    assert deliver_due(now=now + MAX_ATTEMPTS * LEASE) == 0
    assert Notification.objects.get().state == Notification.State.FAILED


def test_run_that_is_ended_while_it_sends_fails_no_notice(subscriber, now, settings):
    use_mail_server(settings, EndsTheRun)
    say(subscriber, now)

    with pytest.raises(SoftTimeLimitExceeded):
        tasks.deliver_notifications()

    notice = Notification.objects.get()
    assert (notice.state, notice.error) == (Notification.State.SENDING, "")


def test_mail_server_that_keeps_silent_holds_a_worker_for_a_minute(subscriber, now, settings, monkeypatch):
    use_mail_server(settings, SilentMailServer)
    began, SilentMailServer.waited = time.monotonic(), 0
    monkeypatch.setattr(time, "monotonic", lambda: began + SilentMailServer.waited)
    for number in range(10):
        say(subscriber, now, key=f"notice-{number}")

    tasks.deliver_notifications()

    assert SilentMailServer.waited == 60
    assert Notification.objects.filter(state="queued", attempts=0).count() == 7


def test_and_no_more_than_two_workers(subscriber, now, monkeypatch):
    monkeypatch.setattr(cache_turns, "PAUSES", ())
    say(subscriber, now)

    with turn_at(tasks.TURNS[0]), turn_at(tasks.TURNS[1]):
        tasks.deliver_notifications()
    assert not mail.outbox

    tasks.deliver_notifications()
    assert len(mail.outbox) == 1


def test_two_senders_of_one_row_send_once(subscriber, now):
    say(subscriber, now)
    seen_by_both = Notification.objects.get(), Notification.objects.get()

    claims = [notifications._claim(notice, now=now) for notice in seen_by_both]

    assert claims == [True, False]


def test_sender_that_lost_its_lease_does_not_overwrite_the_outcome(subscriber, now):
    say(subscriber, now)
    slow = Notification.objects.get()
    notifications._claim(slow, now=now)
    deliver_due(now=now + LEASE)

    notifications._put_off(slow, error=TimeoutError("too late"), now=now + LEASE)

    assert Notification.objects.get().state == Notification.State.SENT


def test_delivery_costs_two_statements_a_notice(subscriber, now, django_assert_num_queries):
    for number in range(3):
        say(subscriber, now, key=f"notice-{number}")

    with django_assert_num_queries(1 + 3 * 2):
        deliver_due(now=now)


def test_command_tells_and_delivers(subscriber, now, capsys):
    say(subscriber, now)

    call_command("deliver_notifications", "--at", now.isoformat(), "--dry-run")
    assert not mail.outbox
    call_command("deliver_notifications", "--at", now.isoformat())

    assert capsys.readouterr().out.splitlines() == ["would send data-low:line-1:email", "sent 1"]
    assert len(mail.outbox) == 1
