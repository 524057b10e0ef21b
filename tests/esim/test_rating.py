"""How records are counted where it is not plain: late ones, overlapping allowances, and grants that change meanwhile."""

from datetime import timedelta

import pytest

from esim import taking_back
from esim.allowances import grant
from esim.models import Allowance, DailyUsage, UsageRecord
from esim.rating import rate_due
from esim.rating_rules import MOST_BYTES, MOST_TIMES
from esim.recounting import differences
from plans.terms import PlanTerms
from portal.lib.data_size import GB, MB
from tests import make

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber)


def record(line, at, data_bytes=MB, **fields):
    fields = {"received_at": at, **fields}
    number = UsageRecord.objects.count()
    return UsageRecord.objects.create(
        line=line, source="core", record_id=f"r{number}", at=at, data_bytes=data_bytes, **fields
    )


def used():
    return list(Allowance.objects.order_by("pk").values_list("used_bytes", flat=True))


def test_what_came_late_is_used_up_as_if_it_had_come_in_time(line, now):
    make.make_allowance(line=line, data_bytes=GB, starts_at=now - 10 * DAY, ends_at=now - 2 * DAY)
    make.make_allowance(line=line, data_bytes=GB, starts_at=now - 5 * DAY, ends_at=now)
    record(line, now - 3 * DAY, GB)
    rate_due(now=now)
    assert used() == [GB, 0]

    record(line, now - 7 * DAY, 600 * MB)
    rate_due(now=now)

    assert used() == [GB, 600 * MB]
    assert not list(differences(fix=False))


def test_a_grant_that_comes_after_the_usage_it_covers_takes_it_over(line, now):
    plan = make.make_allowance(line=line, data_bytes=GB, ends_at=now + DAY)
    record(line, now - HOUR, 1500 * MB)
    rate_due(now=now)
    assert used() == [1500 * MB]

    pack = make.make_data_pack()
    granted = grant(line=line, plan=pack, terms=PlanTerms.of(pack), purchase_id="ord_1",
                    starts_at=now - 2 * HOUR, ends_at=plan.ends_at)  # fmt: skip

    assert used() == [GB, 500 * MB]
    assert granted.used_bytes == 500 * MB


def test_what_waited_is_counted_before_a_plan_is_taken_back(line, now):
    granted = make.make_allowance(line=line, granted_for="ord_1")
    record(line, now - HOUR, received_at=now - HOUR)

    with pytest.raises(taking_back.CannotTakeBack):
        taking_back.reserve(line=line, purchase_id="ord_1", only_unused=True, now=now)

    granted.refresh_from_db()
    assert (granted.used_bytes, granted.taken_back_at) == (MB, None)


def test_what_was_not_taken_back_after_all_is_used_as_it_was(line, now):
    make.make_allowance(line=line, granted_for="ord_1")
    taking_back.reserve(line=line, purchase_id="ord_1", only_unused=True, now=now)
    record(line, now, received_at=now + HOUR)
    rate_due(now=now + HOUR)
    assert used() == [0]
    assert not list(differences(fix=False))

    taking_back.restore(purchase_id="ord_1")

    assert used() == [MB]


def test_absurd_sums_stay_in_their_columns(line, now):
    make.make_allowance(line=line)
    for _ in range(3):
        record(line, now - HOUR, MOST_BYTES, voice_seconds=MOST_TIMES, sms_count=MOST_TIMES)

    rate_due(now=now, batch=2)

    day = DailyUsage.objects.get()
    assert (day.data_bytes, day.voice_seconds, day.sms_count) == (MOST_BYTES, MOST_TIMES, MOST_TIMES)
    assert used() == [MOST_BYTES]
    assert not list(differences(fix=False))


def test_usage_that_nothing_covers_shows_in_the_days_alone(line, now):
    make.make_allowance(line=line, starts_at=now - DAY, ends_at=now)

    record(line, now)
    rate_due(now=now)

    assert used() == [0]
    assert DailyUsage.objects.get().data_bytes == MB
