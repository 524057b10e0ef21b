"""Reminders before a plan ends or its data runs out: each once, in the reader's days."""

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.models import Notification
from accounts.notifications import deliver_due
from billing.models import Subscription
from billing.reminders import send_reminders
from esim import taking_back
from esim.carriers.base import UsageReport
from esim.models import Allowance, Line, ServiceState, SuspendedFor
from esim.usage import ingest
from portal.lib import due_rows
from portal.lib.data_size import GB
from portal.lib.rungs import rung_reached
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Italy trip")


def ending(line, ends_at, **fields):
    return make.make_allowance(line=line, starts_at=ends_at - 30 * DAY, ends_at=ends_at, **fields)


def use(line, gigabytes, at):
    reports = [UsageReport(record_id=f"{at}", at=at, data_bytes=int(gigabytes * GB))]
    ingest(line=line, reports=reports, source="sim", now=at)


def keys():
    return sorted(key.split(":")[0] for key in Notification.objects.values_list("key", flat=True))


def told(now):
    """Sweep, and return the first words of the keys that were written."""
    written = []
    send_reminders(now=now, hear=written.append)
    return [draft.key.split(":")[0] for draft in written]


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
    assert rung_reached((7, 3, 1, 0), days_left=days_left, days_in_all=days_in_all) == rung


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

    assert told(datetime(2026, 11, 21, 15, 30, tzinfo=UTC)) == []
    assert told(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)) == ["expiry-7d"]


def test_after_72_hours_of_silence_the_latest_reminder_is_sent_only(line, now):
    ending(line, now + 8 * DAY)
    told(now)

    assert told(now + 7 * DAY) == ["expiry-1d"]
    assert told(now + 9 * DAY) == []


def test_no_reminder_where_paid_time_follows(line, now):
    ending(line, now + 3 * DAY)
    make.make_allowance(line=line, starts_at=now + 3 * DAY, ends_at=now + 33 * DAY)

    assert told(now) == []


def test_what_followed_and_was_taken_back_is_no_reason_to_be_silent(line, now):
    ending(line, now + 3 * DAY)
    make.make_allowance(line=line, starts_at=now + 3 * DAY, ends_at=now + 33 * DAY, granted_for="ord_2")
    told(now)

    taking_back.reserve(line=line, purchase_id="ord_2", only_unused=True, now=now)

    assert told(now) == ["expiry-3d"]


def test_a_line_that_renews_by_itself_is_told_of_the_charge_and_not_of_the_end(line, now):
    allowance = ending(line, now + 7 * DAY)
    make.make_subscription(line=line, plan=allowance.plan, charge_due_at=now + 6 * DAY)

    assert told(now) == ["charge-7d"]


@pytest.mark.parametrize("state", [Subscription.State.PAUSED, Subscription.State.PAST_DUE])
def test_auto_renewal_that_does_not_go_on_promises_nothing(line, now, state):
    allowance = ending(line, now + 7 * DAY)
    make.make_subscription(line=line, plan=allowance.plan, charge_due_at=now + 6 * DAY, state=state)

    send_reminders(now=now)
    deliver_due(now=now)

    assert Notification.objects.get().subject == "Italy trip ends in 7 days, on 28 Nov 2026"


@pytest.mark.parametrize(
    "why",
    [{"reason": "limit_reached", "charge_due_at": datetime(2026, 12, 1, tzinfo=UTC)}, {"reason": "suspended"}],
    ids=["held until next month", "its owner suspended the line"],
)
def test_auto_renewal_that_waits_beyond_the_end_leaves_the_end_to_be_told_of(line, now, why):
    allowance = ending(line, now + DAY)
    make.make_subscription(line=line, plan=allowance.plan, **{"charge_due_at": now + DAY / 24, **why})
    Line.objects.filter(subscription__reason="suspended").update(
        service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER
    )

    assert [told(now), told(now + DAY - timedelta(hours=1))] == [["expiry-1d"], ["expiry-0d"]]


def test_data_is_announced_at_20_and_10_percent_and_when_it_is_used_up(line, now):
    make.make_allowance(line=line)

    for minute, gigabytes in enumerate((7, 1, 0.5, 0.5, 0.5, 0.5, 1)):
        use(line, gigabytes, now + timedelta(minutes=minute))
        send_reminders(now=now + timedelta(minutes=minute))

    assert keys() == ["data-0", "data-10", "data-20"]


def test_data_left_in_another_allowance_is_no_reason_to_warn(line, now):
    plan = make.make_allowance(line=line)
    make.make_allowance(line=line, is_data_pack=True, data_bytes=5 * GB, ends_at=plan.ends_at)

    use(line, 10, now)
    assert told(now) == []

    use(line, 5, now + DAY)
    assert told(now + DAY) == ["data-0"], "one message, not one an allowance"


def test_data_that_lapses_elsewhere_leaves_the_used_up_plan_to_be_told_of(line, now):
    make.make_allowance(line=line, used_bytes=10 * GB)
    make.make_allowance(line=line, is_data_pack=True, data_bytes=5 * GB, ends_at=now + DAY)

    assert told(now) == []
    assert told(now + DAY) == ["data-0"]


def test_unlimited_data_never_runs_out(line, now):
    plan = make.make_plan(data_bytes=None, daily_cap_bytes=GB, throttled_kbps=512)
    make.make_allowance(line=line, plan=plan, data_bytes=None, used_bytes=500 * GB)

    assert told(now) == []


def test_a_closed_line_is_left_alone(line, now):
    ending(line, now + DAY, used_bytes=10 * GB)
    line.service_state = ServiceState.TERMINATED
    line.save()

    assert told(now) == []


def test_a_dry_run_writes_nothing(line, now):
    ending(line, now + DAY)

    assert send_reminders(now=now, dry_run=True) == 1
    assert not Notification.objects.exists()


def test_a_dry_run_foretells_charges_that_no_sweep_has_seen_yet(line, now):
    allowance = ending(line, now + 30 * DAY)
    subscription = make.make_subscription(line=line, plan=allowance.plan, charge_due_at=now + 29 * DAY)
    foretold = []

    send_reminders(now=now + 23 * DAY, dry_run=True, hear=foretold.append)

    assert [draft.key.split(":")[0] for draft in foretold] == ["charge-7d"] == told(now + 23 * DAY)
    assert send_reminders(now=now + 23 * DAY, dry_run=True) == 0
    subscription.refresh_from_db()
    assert subscription.notice_for == subscription.charge_due_at, "the sweep itself has planned it"


def test_sms_turned_on_later_brings_no_old_news(line, subscriber, now):
    ending(line, now + DAY)
    send_reminders(now=now)
    subscriber.notify_by_sms = subscriber.phone_verified = True
    subscriber.phone = "+14155550101"
    subscriber.save()
    Allowance.objects.update(remind_due_at=now)

    assert told(now) == []


def test_a_long_list_is_walked_in_pages(line, now, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(due_rows, "PAGE", 2)
    for _number in range(5):
        ending(make.make_line(owner=line.owner), now + DAY)

    with django_assert_max_num_queries(10 + 3 * 9):
        assert len(told(now)) == 5


def test_who_was_told_is_not_read_again(line, now, django_assert_num_queries):
    ending(line, now + DAY)
    told(now)

    with django_assert_num_queries(1 + 4 * 3):
        assert told(now) == []


def test_one_odd_row_keeps_nobody_else_from_being_told(line, now, caplog):
    odd, good = ending(line, now + DAY), ending(make.make_line(owner=line.owner), now + DAY)
    Allowance.objects.filter(pk=odd.pk).update(ends_at=datetime(9999, 12, 31, 23, tzinfo=UTC))
    line.owner.time_zone = "Asia/Taipei"
    line.owner.save()

    assert told(now) == ["expiry-1d"]
    assert odd.public_id in caplog.text
    assert Notification.objects.get().key.startswith(f"expiry-1d:{good.public_id}")


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
    longest = 160 if language == "en" else 70
    assert all(len(notice.body) <= longest for notice in sent.filter(channel="sms"))


QUIET, LOUD = (time(21), time(8)), (None, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ends", "quiet", "sent"),
    [
        ("22 06:30", QUIET, "21 20:50"),
        ("22 00:00", QUIET, "21 20:50"),
        ("22 08:00", QUIET, "21 20:50"),
        ("22 08:10", QUIET, "22 08:00"),
        ("22 20:00", QUIET, "22 08:00"),
        ("22 06:30", LOUD, "22 00:00"),
        ("22 00:00", LOUD, "21 21:00"),
        ("22 06:30", (time(0), time(23)), "21 23:50"),
    ],
)
def test_a_plan_of_a_day_is_told_to_end_while_somebody_can_act(line, subscriber, ends, quiet, sent):
    subscriber.quiet_from, subscriber.quiet_until = quiet
    subscriber.save()
    ends_at, sent_at = (datetime.strptime(f"2026-11-{text}Z", "%Y-%m-%d %H:%M%z") for text in (ends, sent))
    make.make_allowance(line=line, starts_at=ends_at - DAY, ends_at=ends_at)

    for sweeps in range(24 * 6 + 1):
        send_reminders(now=ends_at - DAY + sweeps * timedelta(minutes=10))

    notice = Notification.objects.get()
    assert (notice.due_at, notice.key.split(":")[0]) == (sent_at, "expiry-0d")
    deliver_due(now=sent_at)
    assert Notification.objects.get().subject == (
        f"Italy trip ends {'today' if ends[:2] == sent[:2] else 'tomorrow'}, on 22 Nov 2026"
    )


def test_a_plan_of_two_days_that_ends_at_night_is_told_of_the_day_before(line, now):
    ends_at = now.replace(hour=6) + 2 * DAY
    make.make_allowance(line=line, starts_at=ends_at - 2 * DAY, ends_at=ends_at)

    for hours in range(2 * 24):
        send_reminders(now=ends_at - 2 * DAY + timedelta(hours=hours))

    due = Notification.objects.order_by("due_at").values_list("due_at", flat=True)
    assert list(due) == [ends_at - DAY + timedelta(hours=2), ends_at + timedelta(hours=2)]
    deliver_due(now=ends_at - DAY + timedelta(hours=2))
    deliver_due(now=ends_at + timedelta(hours=2))
    states = Notification.objects.order_by("due_at").values_list("state", flat=True)
    assert list(states) == ["sent", "left_out"], "in the night nobody is woken, and afterwards nobody is told"
