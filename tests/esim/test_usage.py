"""Usage reports: each counts once, on its day and its plan."""

import logging
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from esim.carriers.base import (
    POLL_EVERY,
    POLL_INSTALLING_EVERY,
    CarrierRefused,
    OutcomeUnknown,
    ProfileStatus,
    UsageReport,
)
from esim.models import DailyUsage, DownloadState, ServiceState, UsageRecord
from esim.usage import advance, ingest, poll_usage
from portal.lib.data_size import GB, MB
from tests import make
from tests.esim.carriers import ReportingCarrier

HOUR = timedelta(hours=1)


@pytest.fixture
def line(subscriber, now):
    return make.make_line(owner=subscriber, created_at=now - timedelta(days=60), usage_poll_due_at=now)


def report(record_id, at, data_bytes=MB, **amounts):
    return UsageReport(record_id=record_id, at=at, data_bytes=data_bytes, **amounts)


def by_day(line):
    return {day.date: day.data_bytes for day in DailyUsage.objects.filter(line=line)}


def test_a_report_counts_on_its_day_and_its_plan(line, now):
    allowance = make.make_allowance(line=line, voice_minutes=60)

    counted = ingest(line=line, reports=[report("1", now, voice_seconds=30, sms_count=1)], source="sim", now=now)

    allowance.refresh_from_db()
    day = DailyUsage.objects.get(line=line)
    assert counted == 1
    assert (allowance.used_bytes, allowance.used_minutes) == (MB, 1)
    assert (day.date, day.data_bytes, day.voice_seconds, day.sms_count) == (now.date(), MB, 30, 1)


def test_the_same_report_again_counts_nothing(line, now):
    allowance = make.make_allowance(line=line)
    reports = [report("1", now), report("2", now - HOUR)]

    first = ingest(line=line, reports=reports, source="sim", now=now)
    again = ingest(line=line, reports=[*reports, report("3", now - 2 * HOUR), report("3", now - 2 * HOUR)],
                   source="sim", now=now)  # fmt: skip

    allowance.refresh_from_db()
    assert (first, again) == (2, 1)
    assert allowance.used_bytes == 3 * MB
    assert by_day(line) == {now.date(): 3 * MB}


def test_a_record_id_taken_by_another_line_is_not_counted_here(line, subscriber, now):
    other = make.make_line(owner=subscriber)
    ingest(line=other, reports=[report("1", now)], source="sim", now=now)

    counted = ingest(line=line, reports=[report("1", now)], source="sim", now=now)

    assert counted == 0
    assert by_day(line) == {}


def test_records_shuffled_repeated_and_cut_come_to_the_same(line, now):
    allowance = make.make_allowance(line=line)
    reports = [report(str(number), now - number * HOUR, data_bytes=number * MB) for number in range(60)]
    chance = random.Random(4)  # noqa: S311 - shuffles, guards nothing

    for _ in range(5):
        part = chance.sample(reports, 40)
        ingest(line=line, reports=part, source="sim", now=now)
    ingest(line=line, reports=reports, source="sim", now=now)

    allowance.refresh_from_db()
    assert allowance.used_bytes == sum(range(60)) * MB
    assert sum(by_day(line).values()) == sum(range(60)) * MB
    assert UsageRecord.objects.count() == 60


def test_a_day_begins_where_the_line_is_at_home(subscriber, now):
    line = make.make_line(owner=subscriber, time_zone="Asia/Taipei")
    evening = now.replace(hour=16, minute=30)

    ingest(line=line, reports=[report("1", evening), report("2", evening - HOUR)], source="sim", now=now + 10 * HOUR)

    assert by_day(line) == {date(2026, 11, 21): MB, date(2026, 11, 22): MB}


def test_nonsense_is_left_out_and_told_to_staff(line, now, caplog):
    nonsense = [
        report("8944000000000000001-a", now + timedelta(days=1)),
        report("8944000000000000001-b", now, data_bytes=-1),
        report("8944000000000000001-c", now, data_bytes=2**63),
        report("8944000000000000001-d", now, voice_seconds=3 * 10**9),
        report("8944000000000000001-e", now, sms_count=3 * 10**9),
        report("8944000000000000001-f", datetime(1, 1, 1, tzinfo=UTC)),
        report("8944000000000000001-" + "g" * 80, now),
    ]

    with caplog.at_level(logging.ERROR):
        counted = ingest(line=line, reports=[*nonsense, report("fine", now)], source="sim", now=now)

    assert counted == 1
    assert len(caplog.records) == len(nonsense)
    assert "8944000000000000001" not in caplog.text


def test_only_lines_that_are_due_are_asked_about(line, subscriber, now):
    profile = make.make_profile(line=line)
    for fields in ({"usage_poll_due_at": now + HOUR}, {"service_state": ServiceState.SUSPENDED}):
        make.make_profile(line=make.make_line(owner=subscriber, **{"usage_poll_due_at": now, **fields}))
    carrier = ReportingCarrier()

    asked = poll_usage(carrier=carrier, now=now, limit=10)

    assert asked == 1
    assert carrier.polled == [profile.iccid]


def test_a_poll_writes_down_usage_and_its_age(line, now):
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    allowance = make.make_allowance(line=line)

    poll_usage(carrier=ReportingCarrier(reports=[report("1", now - HOUR, data_bytes=GB)]), now=now, limit=10)

    line.refresh_from_db()
    allowance.refresh_from_db()
    assert allowance.used_bytes == GB
    assert line.usage_reported_at == now
    assert line.usage_poll_due_at == now + POLL_EVERY


def test_polling_again_asks_nobody_before_the_next_turn(line, now):
    make.make_profile(line=line)
    carrier = ReportingCarrier()

    poll_usage(carrier=carrier, now=now, limit=10)
    asked = poll_usage(carrier=carrier, now=now + timedelta(seconds=1), limit=10)

    assert asked == 0


def test_a_record_that_arrives_an_hour_late_is_still_found(line, now):
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    carrier = ReportingCarrier()
    poll_usage(carrier=carrier, now=now, limit=10)
    carrier.reports.append(report("late", now - HOUR))

    poll_usage(carrier=carrier, now=now + POLL_EVERY, limit=10)

    assert UsageRecord.objects.get().record_id == "late"


@pytest.mark.parametrize("error", [OutcomeUnknown("timeout"), CarrierRefused("unknown_iccid"), KeyError("bug")])
def test_one_line_in_trouble_does_not_hide_the_others(line, subscriber, now, error, caplog):
    class HalfDeaf(ReportingCarrier):
        def usage_since(self, *, iccid, since, until):
            if iccid == first.iccid:
                raise error
            return super().usage_since(iccid=iccid, since=since, until=until)

    first = make.make_profile(line=line)
    other = make.make_line(owner=subscriber, usage_poll_due_at=now + timedelta(seconds=1))
    make.make_profile(line=other)

    with caplog.at_level(logging.WARNING):
        asked = poll_usage(carrier=HalfDeaf(), now=now + HOUR, limit=10)

    line.refresh_from_db()
    other.refresh_from_db()
    assert asked == 2
    assert line.usage_reported_at is None
    assert other.usage_reported_at == now + HOUR
    assert line.public_id in caplog.text


def test_a_profile_moves_forward_only(line, now):
    profile = make.make_profile(line=line, download_state=DownloadState.INSTALLED)

    back = advance(
        profile=profile, status=ProfileStatus(download_state=DownloadState.DOWNLOADED, changed_at=now), now=now
    )
    forward = advance(
        profile=profile,
        status=ProfileStatus(download_state=DownloadState.ENABLED, changed_at=now - HOUR, eid="89" + "0" * 30),
        now=now,
    )

    profile.refresh_from_db()
    assert (back, forward) == (False, True)
    assert (profile.download_state, profile.state_changed_at) == (DownloadState.ENABLED, now - HOUR)
    assert profile.eid == "89" + "0" * 30


def test_a_failed_installation_is_told_but_never_after_success(line, now):
    failed = ProfileStatus(download_state=DownloadState.ERROR, changed_at=now)
    profile = make.make_profile(line=line, download_state=DownloadState.DOWNLOADED)
    assert advance(profile=profile, status=failed, now=now)

    type(profile).objects.filter(pk=profile.pk).update(download_state=DownloadState.ENABLED)

    assert not advance(profile=profile, status=failed, now=now)


@pytest.mark.parametrize(
    ("shown", "state", "pause"),
    [
        pytest.param(timedelta(minutes=1), DownloadState.RELEASED, POLL_INSTALLING_EVERY, id="looking at the code"),
        pytest.param(timedelta(minutes=9), DownloadState.INSTALLED, POLL_INSTALLING_EVERY, id="not switched on"),
        pytest.param(timedelta(minutes=9), DownloadState.ENABLED, POLL_EVERY, id="done"),
        pytest.param(timedelta(minutes=9), DownloadState.ERROR, POLL_EVERY, id="failed"),
        pytest.param(timedelta(days=2), DownloadState.RELEASED, POLL_EVERY, id="put off"),
        pytest.param(None, DownloadState.RELEASED, POLL_EVERY, id="never looked at"),
    ],
)
def test_a_line_is_asked_about_often_only_while_somebody_installs_it(line, now, shown, state, pause):
    make.make_profile(line=line, code_shown_at=now - shown if shown else None)

    poll_usage(carrier=ReportingCarrier(state=state), now=now, limit=10)

    line.refresh_from_db()
    assert line.usage_poll_due_at == now + pause


def test_a_carrier_that_only_sends_usage_is_not_asked_and_no_figure_gets_younger(line, now):
    carrier = ReportingCarrier(reports=[UsageReport(record_id="r1", at=now, data_bytes=MB)])
    carrier.capabilities = replace(carrier.capabilities, usage_reports=False)
    make.make_profile(line=line)
    as_of = line.usage_reported_at

    poll_usage(carrier=carrier, now=now, limit=10)

    line.refresh_from_db()
    assert carrier.polled == []
    assert line.usage_reported_at == as_of


def test_polling_stops_in_time_and_leaves_the_rest_to_the_next_tick(subscriber, now):
    for _number in range(3):
        make.make_profile(line=make.make_line(owner=subscriber, usage_poll_due_at=now - HOUR))
    turns = iter([True, True, False])
    carrier = ReportingCarrier()

    asked = poll_usage(carrier=carrier, now=now, limit=10, in_time=lambda: next(turns))
    later = poll_usage(carrier=carrier, now=now, limit=10)

    assert (asked, later) == (2, 1)
    assert len(set(carrier.polled)) == 3
