"""Quiet hours: what can wait, waits for the morning where the reader is, also on the days the clocks change."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core import mail

from accounts.models import Notification
from accounts.notifications import deliver_due, notify
from accounts.quiet_hours import CAN_WAIT, quiet_at, send_at

HOUR = timedelta(hours=1)


@dataclass
class Reader:
    zone: ZoneInfo
    quiet_from: time | None = time(21)
    quiet_until: time | None = time(8)


def reader(zone="UTC", begins=21, ends=8):
    return Reader(ZoneInfo(zone), *(None if hour is None else time(hour) for hour in (begins, ends)))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("who", "moment", "sent_at"),
    [
        (reader(), "2026-11-21 20:59:59", "2026-11-21 20:59:59"),
        (reader(), "2026-11-21 21:00", "2026-11-22 08:00"),
        (reader(), "2026-11-22 07:59:59", "2026-11-22 08:00"),
        (reader(), "2026-11-22 08:00", "2026-11-22 08:00"),
        (reader("Asia/Taipei"), "2026-11-21 13:00", "2026-11-22 00:00"),
        (reader(begins=12, ends=14), "2026-11-21 13:00", "2026-11-21 14:00"),
        (reader(begins=12, ends=14), "2026-11-21 14:00", "2026-11-21 14:00"),
        (reader(begins=None, ends=None), "2026-11-21 23:00", "2026-11-21 23:00"),
        (reader(begins=8, ends=8), "2026-11-21 23:00", "2026-11-21 23:00"),
        # Clocks go forward in Berlin on 29 March 2026: the night is an hour shorter.
        (reader("Europe/Berlin"), "2026-03-28 22:00", "2026-03-29 06:00"),
        (reader("Europe/Berlin", begins=22, ends=2), "2026-03-29 00:59", "2026-03-29 01:00"),
        # Clocks go back on 25 October: half past two comes twice, and the second time it is no longer quiet.
        (reader("Europe/Berlin"), "2026-10-24 20:00", "2026-10-25 07:00"),
        (reader("Europe/Berlin", begins=22, ends=2), "2026-10-25 00:30", "2026-10-25 00:30"),
        (reader("Europe/Berlin", begins=22, ends=3), "2026-10-25 01:30", "2026-10-25 02:00"),
    ],
)
def test_when_a_reminder_is_sent(who, moment, sent_at):
    context = {"left_bytes": 1}

    assert send_at(kind="data_reminder", context=context, reader=who, now=utc(moment)) == utc(sent_at)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "Asia/Taipei", "Australia/Lord_Howe"])
def test_each_night_of_the_year_is_quiet_once_and_in_one_piece(zone):
    who, moment, seen = reader(zone), utc("2026-01-01 00:00"), []
    while moment < utc("2027-01-01 00:00"):
        quiet = quiet_at(moment, reader=who)
        if quiet and (not seen or seen[-1] != quiet):
            seen.append(quiet)
        moment += HOUR

    assert len(seen) in {365, 366}
    assert len({quiet.begins_at.astimezone(who.zone).date() for quiet in seen}) == len(seen)
    assert all(quiet.ends_at.astimezone(who.zone).time() == time(8) for quiet in seen)


@pytest.mark.parametrize(
    ("kind", "context", "waits"),
    [
        ("expiry_reminder", {}, True),
        ("data_reminder", {"left_bytes": 0}, False),
        ("order_fulfilled", {"trigger": "expiry"}, True),
        ("order_fulfilled", {}, False),
        ("renewal_declined", {}, False),
        ("activation_code_viewed", {}, False),
        ("a_kind_of_tomorrow", {}, False),
    ],
)
def test_what_can_wait_until_the_morning(kind, context, waits):
    night = utc("2026-11-21 23:00")

    assert (send_at(kind=kind, context=context, reader=reader(), now=night) > night) is waits


@pytest.mark.parametrize(("charge_at", "sent_at"), [("01:00", "23:00"), ("08:00", "23:00"), ("08:01", "08:00")])
def test_a_notice_before_a_charge_never_waits_beyond_it(charge_at, sent_at):
    context = {"charge_due_at": utc(f"2026-11-22 {charge_at}").isoformat()}
    day = 22 if sent_at < "12" else 21

    assert send_at(kind="charge_notice", context=context, reader=reader(), now=utc("2026-11-21 23:00")) == utc(
        f"2026-11-{day} {sent_at}"
    )


def say(user, now, kind="card_expiry", **context):
    context = {"card": "Visa 4242", "last_date": "2026-11-30", "days_left": 9, "lines": [], **context}
    notify(user=user, kind=kind, key=f"{kind}:1", context=context, now=now)


def test_a_deferred_notice_is_sent_once_in_the_morning(subscriber):
    night = utc("2026-11-21 22:00")
    for _again in range(2):
        say(subscriber, night)

    sent = [deliver_due(now=night + hours * HOUR) for hours in range(14)]

    assert (sum(sent), sent[10]) == (1, 1)
    assert len(mail.outbox) == 1


def test_a_notice_that_was_delayed_into_the_night_waits_for_the_morning(subscriber):
    say(subscriber, utc("2026-11-21 20:00"))

    assert deliver_due(now=utc("2026-11-21 23:00")) == 0
    assert Notification.objects.get().due_at == utc("2026-11-22 08:00")
    assert deliver_due(now=utc("2026-11-22 08:00")) == 1


def test_who_wants_no_quiet_any_more_is_told_when_the_notice_was_due(subscriber):
    say(subscriber, utc("2026-11-21 20:00"))
    type(subscriber).objects.update(quiet_from=None, quiet_until=None)

    assert deliver_due(now=utc("2026-11-21 23:00")) == 1


def test_what_has_come_is_no_longer_announced(subscriber, now):
    charge_at = (now + HOUR).isoformat()
    say(subscriber, now, kind="charge_notice", charge_due_at=charge_at)

    assert deliver_due(now=now + HOUR) == 0
    assert Notification.objects.get().state == Notification.State.LEFT_OUT
    assert not mail.outbox


def test_an_end_that_comes_in_the_night_wakes_nobody_and_is_not_told_after_it(subscriber):
    """The day before was told; "ends today at 07:00" is no news at eight."""
    ends_at = utc("2026-11-22 07:00").isoformat()
    say(subscriber, utc("2026-11-22 00:00"), kind="expiry_reminder", ends_at=ends_at, days_left=0)

    assert Notification.objects.get().due_at == utc("2026-11-22 08:00")
    assert deliver_due(now=utc("2026-11-22 08:00")) == 0
    assert not mail.outbox


def test_every_kind_that_waits_has_a_letter():

    letters = {path.name for path in (Path(settings.BASE_DIR) / "templates/emails").iterdir() if path.is_dir()}

    assert CAN_WAIT.keys() <= letters
