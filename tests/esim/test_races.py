"""Many at once: records count once, a line is opened once, and two workers never poll the same one."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet, Sum

from esim.carriers.base import OutcomeUnknown, UsageReport
from esim.models import Allowance, DailyUsage, DownloadState, Line, ProfileOrder, SimProfile, UsageRecord
from esim.provisioning import open_line
from esim.rating import rate_due
from esim.usage import ingest, poll_usage
from portal.lib.data_size import GB, MB
from tests import make
from tests.esim.carriers import ReportingCarrier
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8


@pytest.fixture
def no_row_locks(monkeypatch):
    """Turn SELECT … FOR UPDATE into a plain SELECT."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, usage_poll_due_at=now)
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    make.make_allowance(line=line, data_bytes=100 * GB)
    return line


def ingest_together(line, now):
    reports = [UsageReport(record_id=str(n), at=now - timedelta(minutes=n), data_bytes=MB) for n in range(20)]
    with slowed("esim_usagerecord", "INSERT", seconds=0.01):
        return together(CROWD, lambda _number: ingest(line=line, reports=reports, source="sim", now=now))


def counted_bytes():
    return Allowance.objects.get().used_bytes, DailyUsage.objects.aggregate(total=Sum("data_bytes"))["total"]


def test_the_same_reports_from_many_workers_count_once(line, now):
    counts = ingest_together(line, now)

    assert sorted(counts) == [*[0] * (CROWD - 1), 20]
    assert counted_bytes() == (20 * MB, 20 * MB)


def rate_together(line, now):
    UsageRecord.objects.bulk_create(
        UsageRecord(line=line, source="sim", record_id=str(n), at=now - timedelta(minutes=n), data_bytes=MB)
        for n in range(20)
    )
    with slowed("esim_dailyusage", "INSERT OR UPDATE", seconds=0.05):
        return together(CROWD, lambda _number: rate_due(now=now))


def test_records_that_many_workers_find_waiting_count_once(line, now):
    counts = rate_together(line, now)

    assert sorted(counts) == [*[0] * (CROWD - 1), 20]
    assert counted_bytes() == (20 * MB, 20 * MB)


def test_control_without_the_lock_they_count_many_times(line, now, no_row_locks):
    rate_together(line, now)

    assert counted_bytes() != (20 * MB, 20 * MB)


def test_one_purchase_opens_one_line_however_many_deliver_it(subscriber, now):
    carrier = ReportingCarrier()

    opened = together(
        CROWD,
        lambda _number: open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now),
    )

    lines = {line for line in opened if isinstance(line, Line)}
    others = [error for error in opened if not isinstance(error, Line)]
    assert lines == {Line.objects.get()}
    assert all(isinstance(error, OutcomeUnknown) for error in others)
    assert ProfileOrder.objects.get().attempts == 1
    assert SimProfile.objects.count() == 1


def test_a_line_is_polled_by_one_of_many_workers(line, now):
    carrier = ReportingCarrier()

    asked = together(CROWD, lambda _number: poll_usage(carrier=carrier, now=now, limit=10))

    assert sorted(asked) == [*[0] * (CROWD - 1), 1]
    assert len(carrier.polled) == 1
