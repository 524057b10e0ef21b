"""What was counted of a bundle is looked up by how its records are called, however many others there are."""

import pytest
from django.db import connection

from esim.carriers.esimgo_usage import records_of
from esim.models import UsageRecord
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def test_a_poll_reads_the_records_of_its_bundle_and_no_others(subscriber, now):
    line = make.make_line(owner=subscriber)
    ids = [f"bundle-{number}@{used}" for number in range(1_000) for used in (0, 5)]
    UsageRecord.objects.bulk_create(
        UsageRecord(line=line, source="esimgo", record_id=one, at=now, data_bytes=5, received_at=now) for one in ids
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE esim_usagerecord")

    plan = records_of("bundle-7").explain()

    assert "usage_record_by_bundle" in plan
    assert "Index Cond" in plan
    assert records_of("bundle-7").count() == 2
