"""The daily cap of an unlimited plan: slow once it is reached, fast again when the line's day is over."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Notification
from esim.carriers.base import CarrierRefused, OutcomeUnknown, UsageReport
from esim.models import ThrottleSpell
from esim.throttle_meter import throttle_meter
from esim.throttling import ASK_AGAIN, keep_speed
from esim.usage import ingest
from portal.lib.data_size import GB
from tests import make
from tests.esim.carriers import ThrottlingCarrier

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Tokyo")
    make.make_profile(line=line)
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=3 * GB, throttled_kbps=1024)
    return line


def make_capped(line, **fields):
    return make.make_allowance(
        line=line, **{"data_bytes": None, "daily_cap_bytes": 3 * GB, "throttled_kbps": 512, **fields}
    )


def use(line, gigabytes, at):
    reports = [UsageReport(record_id=f"{line.pk}-{at}", at=at, data_bytes=int(gigabytes * GB))]
    ingest(line=line, reports=reports, source="sim", now=at)


def tick(carrier, at):
    return keep_speed(carrier=carrier, now=at, limit=10)


def notices(kind="speed_reduced"):
    return list(Notification.objects.filter(kind=kind))


def test_a_line_is_slowed_down_at_its_cap_and_lifted_at_its_midnight(line, now):
    carrier = ThrottlingCarrier()
    use(line, 2, now - HOUR)
    tick(carrier, now - HOUR)
    assert carrier.speeds == []

    use(line, 1.5, now)
    tick(carrier, now + timedelta(minutes=1))
    use(line, 1, now + HOUR)
    tick(carrier, now + HOUR)

    spell = ThrottleSpell.objects.get()
    assert (spell.date, spell.began_at, spell.resets_at) == (now.date(), now, MIDNIGHT)
    assert (spell.kbps, spell.asked_at) == (1024, now + timedelta(minutes=1))
    tick(carrier, MIDNIGHT)
    tick(carrier, MIDNIGHT + HOUR)
    spell.refresh_from_db()
    assert (carrier.speeds, spell.lifted_at) == ([1024, None], MIDNIGHT)
    assert len(notices()) == 1


def test_the_day_ends_where_the_line_is_at_home(subscriber, now):
    line = make.make_line(owner=subscriber, time_zone="Asia/Tokyo")
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=3 * GB, throttled_kbps=1024)

    use(line, 4, now)

    spell = ThrottleSpell.objects.get()
    assert (spell.date, spell.resets_at) == (now.date(), datetime(2026, 11, 21, 15, tzinfo=UTC))
    context = notices()[0].context
    assert (context["network_time"], context["network_zone"], context["elsewhere"]) == ("00:00", "Asia/Tokyo", True)


def test_what_comes_after_the_plan_is_fast_at_once(subscriber, now):
    line = make.make_line(owner=subscriber)
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=GB, throttled_kbps=512, ends_at=now + 2 * HOUR)

    use(line, 2, now)

    assert ThrottleSpell.objects.get().resets_at == now + 2 * HOUR


def test_what_the_plan_before_used_that_day_is_not_counted_again(subscriber, now):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    ends_at = now + 2 * HOUR
    make_capped(line, ends_at=ends_at)
    make_capped(line, starts_at=ends_at)
    carrier, later = ThrottlingCarrier(), ends_at + HOUR
    use(line, 4, now)
    tick(carrier, now)
    tick(carrier, ends_at)

    use(line, 1, later)
    tick(carrier, later)

    assert carrier.speeds == [512, None]
    assert len(notices()) == 1
    meter = throttle_meter(line, now=later)
    assert (meter.used_bytes, meter.is_slow, meter.slows_at) == (GB, False, later + 2 * HOUR)
    use(line, 2, later + HOUR)
    tick(carrier, later + HOUR)
    spell = ThrottleSpell.objects.open().get()
    assert (carrier.speeds, spell.began_at, spell.resets_at) == ([512, None, 512], later + HOUR, MIDNIGHT)


def test_lifting_one_plan_does_not_undo_another(subscriber, now):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    make_capped(line, ends_at=now + 2 * HOUR)
    make_capped(line)
    carrier = ThrottlingCarrier()
    use(line, 4, now)

    for at in (now, now + 2 * HOUR, MIDNIGHT):
        tick(carrier, at)

    assert carrier.speeds == [512, 512, None]
    assert not ThrottleSpell.objects.open().exists()


def test_usage_of_yesterday_slows_nobody_down_today(line, now):
    ingest(
        line=line,
        reports=[UsageReport(record_id="late", at=now - 24 * HOUR, data_bytes=9 * GB)],
        source="sim",
        now=now,
    )

    assert not ThrottleSpell.objects.exists()


def test_without_an_answer_the_same_is_asked_again(line, now):
    carrier = ThrottlingCarrier(errors=[OutcomeUnknown("timeout"), None, OutcomeUnknown("timeout")])
    use(line, 4, now)

    tick(carrier, now)
    assert ThrottleSpell.objects.get().asked_at is None
    tick(carrier, now + ASK_AGAIN)
    tick(carrier, MIDNIGHT)
    tick(carrier, MIDNIGHT + ASK_AGAIN)

    assert carrier.speeds == [1024, 1024, None, None]
    assert len(set(carrier.keys[:2])) == len(set(carrier.keys[2:])) == 1
    assert ThrottleSpell.objects.get().lifted_at == MIDNIGHT + ASK_AGAIN


def test_a_refusal_to_slow_down_is_final_and_one_to_lift_is_not(line, now, caplog):
    carrier = ThrottlingCarrier(errors=[CarrierRefused("no"), CarrierRefused("no")])
    use(line, 4, now)

    for at in (now, now + HOUR, MIDNIGHT, MIDNIGHT + HOUR):
        tick(carrier, at)

    spell = ThrottleSpell.objects.get()
    assert carrier.speeds == [1024, None, None]
    assert (spell.asked_at, spell.lifted_at) == (None, MIDNIGHT + HOUR)
    assert "would not" in caplog.text


def test_a_network_that_slows_down_by_itself_is_not_asked(line, now):
    carrier = ThrottlingCarrier(throttling=False)
    use(line, 4, now)

    for at in (now, MIDNIGHT):
        tick(carrier, at)

    spell = ThrottleSpell.objects.get()
    assert carrier.speeds == []
    assert (spell.asked_at, spell.lifted_at) == (None, MIDNIGHT)


def test_lifting_late_does_not_undo_the_next_day(line, now):
    carrier = ThrottlingCarrier(errors=[None, OutcomeUnknown("timeout")])
    use(line, 4, now)
    tick(carrier, now)
    tick(carrier, MIDNIGHT)
    use(line, 4, MIDNIGHT + timedelta(minutes=1))
    tick(carrier, MIDNIGHT + timedelta(minutes=1))

    tick(carrier, MIDNIGHT + HOUR)

    assert carrier.speeds == [1024, None, 1024]
    assert ThrottleSpell.objects.open().get().date == MIDNIGHT.date()
