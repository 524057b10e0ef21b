"""Reminders before a plan ends or its data runs out: each once, in the reader's days."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Notification
from accounts.notifications import deliver_due
from billing import reminders
from billing.models import Subscription
from billing.reminders import expiry_rung, send_reminders
from esim.models import Allowance, ServiceState
from portal.lib.data_size import GB
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Italy trip")


def ending(line, ends_at, **fields):
    return make.make_allowance(line=line, starts_at=ends_at - 30 * DAY, ends_at=ends_at, **fields)


def keys():
    return sorted(key.split(":")[0] for key in Notification.objects.values_list("key", flat=True))


@pytest.mark.parametrize(
    ("days_left", "days_in_all", "rung"),
    [
        (8, 30, None),
        (7, 30, 7),
        (5, 30, 7),
        (3, 30, 3),
        (2, 30, 3),
        (1, 30, 1),
        (0, 30, 0),
        (7, 7, None),
        (3, 3, None),
        (1, 3, 1),
        (1, 1, None),
        (0, 1, 0),
    ],
)
def test_the_rung_that_is_reached(days_left, days_in_all, rung):
    assert expiry_rung(days_left=days_left, days_in_all=days_in_all) == rung


def test_a_plan_is_announced_on_its_last_days_each_time_once(line, now):
    ending(line, now + 10 * DAY)

    for hours in range(0, 10 * 24, 2):
        send_reminders(now=now + timedelta(hours=hours))

    assert keys() == ["expiry-0d", "expiry-1d", "expiry-3d", "expiry-7d"]


def test_days_are_counted_where_the_reader_is(line, subscriber):
    """23:30 in Taipei is the same day there, and the day before in UTC."""
    subscriber.time_zone = "Asia/Taipei"
    subscriber.save()
    ends_at = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)  # the 29th, 01:00 in Taipei
    ending(line, ends_at)

    early = send_reminders(now=datetime(2026, 11, 21, 15, 30, tzinfo=UTC))
    on_time = send_reminders(now=datetime(2026, 11, 21, 16, 30, tzinfo=UTC))

    assert early == []
    assert [reminder.key.split(":")[0] for reminder in on_time] == ["expiry-7d"]


def test_a_scheduler_that_was_off_sends_the_latest_reminder_only(line, now):
    ending(line, now + 1 * DAY)

    send_reminders(now=now)

    assert keys() == ["expiry-1d"]


def test_no_reminder_where_paid_time_follows(line, now):
    ending(line, now + 3 * DAY)
    make.make_allowance(line=line, starts_at=now + 3 * DAY, ends_at=now + 33 * DAY)

    assert send_reminders(now=now) == []


def test_auto_renewal_says_when_and_for_how_much(line, now):
    allowance = ending(line, now + 7 * DAY)
    make.make_subscription(line=line, plan=allowance.plan, charge_due_at=now + 6 * DAY)

    send_reminders(now=now)
    deliver_due(now=now)

    assert Notification.objects.get().subject == "Italy trip renews on 27 Nov 2026 for US$14.90"


@pytest.mark.parametrize("state", [Subscription.State.PAUSED, Subscription.State.PAST_DUE])
def test_auto_renewal_that_does_not_go_on_promises_nothing(line, now, state):
    allowance = ending(line, now + 7 * DAY)
    make.make_subscription(line=line, plan=allowance.plan, charge_due_at=now + 6 * DAY, state=state)

    send_reminders(now=now)
    deliver_due(now=now)

    assert Notification.objects.get().subject == "Italy trip ends in 7 days, on 28 Nov 2026"


def test_data_is_announced_at_20_and_10_percent_and_when_it_is_used_up(line, now):
    allowance = make.make_allowance(line=line)

    for used in (7, 8, 8.5, 9, 9.5, 10, 11):
        Allowance.objects.filter(pk=allowance.pk).update(used_bytes=int(used * GB))
        send_reminders(now=now)

    assert keys() == ["data-0", "data-10", "data-20"]


def test_data_left_in_another_allowance_is_no_reason_to_warn(line, now):
    used_up = make.make_allowance(line=line, used_bytes=10 * GB)
    pack = make.make_allowance(line=line, is_data_pack=True, data_bytes=5 * GB, ends_at=used_up.ends_at)
    assert send_reminders(now=now) == []

    Allowance.objects.filter(pk=pack.pk).update(used_bytes=5 * GB)
    sent = send_reminders(now=now)

    assert [reminder.key for reminder in sent] == [f"data-0:{pack.public_id}"], "one message, not one an allowance"


def test_unlimited_data_never_runs_out(line, now):
    plan = make.make_plan(data_bytes=None, daily_cap_bytes=GB, throttled_kbps=512)
    make.make_allowance(line=line, plan=plan, data_bytes=None, used_bytes=500 * GB)

    assert send_reminders(now=now) == []


def test_a_closed_line_is_left_alone(line, now):
    ending(line, now + DAY, used_bytes=10 * GB)
    line.service_state = ServiceState.TERMINATED
    line.save()

    assert send_reminders(now=now) == []


def test_a_dry_run_writes_nothing(line, now):
    ending(line, now + DAY)

    assert len(send_reminders(now=now, dry_run=True)) == 1
    assert not Notification.objects.exists()


def test_sms_turned_on_later_brings_no_old_news(line, subscriber, now):
    ending(line, now + DAY)
    send_reminders(now=now)
    subscriber.notify_by_sms = subscriber.phone_verified = True
    subscriber.phone = "+14155550101"
    subscriber.save()

    assert send_reminders(now=now) == []


def test_a_long_list_is_walked_in_pages(line, now, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(reminders, "PAGE", 2)
    for _number in range(5):
        other = make.make_line(owner=line.owner)
        ending(other, now + DAY)

    with django_assert_max_num_queries(18):
        sent = send_reminders(now=now)

    assert len(sent) == 5


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
@pytest.mark.parametrize("used", [0, 9 * GB, 10 * GB], ids=["ends", "low", "used up"])
def test_every_reminder_can_be_written_in_every_language(line, subscriber, now, language, used):
    subscriber.language, subscriber.notify_by_sms, subscriber.phone_verified = language, True, True
    subscriber.phone = "+14155550101"
    subscriber.save()
    ending(line, now + 3 * DAY, used_bytes=used)

    send_reminders(now=now)
    deliver_due(now=now)

    sent = Notification.objects.filter(state=Notification.State.SENT)
    assert sent.count() == Notification.objects.count()
    assert all(len(notice.body) <= 160 for notice in sent.filter(channel="sms"))
