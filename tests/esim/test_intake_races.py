"""Many senders of the same records at once: each record is written once, and what it says is counted once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import Sum

from esim import intake_rows
from esim.intake import RawRecord, take_in
from esim.models import Allowance, DailyUsage, QuarantinedUsage, UsageRecord
from esim.rating import rate_due
from portal.lib.data_size import GB, MB
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 6
RECORDS = 40


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, created_at=now - timedelta(days=60))
    make.make_profile(line=line, iccid="8985200000000000017")
    make.make_allowance(line=line, data_bytes=100 * GB)
    return line


def send_together(now):
    records = [
        RawRecord(
            record_id=f'it\'s "{n}" \\ {{}}',
            iccid="8985200000000000017",
            at=(now - timedelta(minutes=n)).isoformat(),
            data_bytes=MB,
        )
        for n in range(RECORDS)
    ]
    with slowed("esim_usagerecord", "INSERT", seconds=0.005):
        # Half of them the other way round: each would wait for what the other has written.
        return together(CROWD, lambda number: take_in(records=records[:: (-1) ** number], source="core", now=now))


def test_the_same_batch_from_many_senders_is_written_once(line, now):
    counts = send_together(now)

    together(CROWD, lambda _number: rate_due(now=now))
    rate_due(now=now)

    assert sorted(one.new for one in counts) == [*[0] * (CROWD - 1), RECORDS]
    assert sum(one.repeated for one in counts) == RECORDS * (CROWD - 1)
    assert (UsageRecord.objects.count(), QuarantinedUsage.objects.count()) == (RECORDS, 0)
    assert Allowance.objects.get().used_bytes == RECORDS * MB
    assert DailyUsage.objects.aggregate(total=Sum("data_bytes"))["total"] == RECORDS * MB


def test_control_without_the_conflict_clause_senders_fail(line, now, monkeypatch):
    bare = intake_rows.INSERT.replace("ON CONFLICT (source, record_id) DO NOTHING", "")
    monkeypatch.setattr(intake_rows, "INSERT", bare)

    counts = send_together(now)

    assert sum(isinstance(one, IntegrityError) for one in counts) == CROWD - 1
