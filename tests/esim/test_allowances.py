"""What is granted, what burns first, and what comes after a purchase."""

from datetime import UTC, datetime, timedelta

import pytest

from esim.allowances import AfterPurchase, NothingToTopUp, grant, next_period, preview
from esim.carriers.base import UsageReport
from esim.models import Allowance
from esim.usage import ingest
from plans.terms import PlanTerms
from portal.lib.data_size import GB, MB
from portal.lib.periods import PeriodUnit
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber)


def used(line):
    return [one.used_bytes for one in line.allowances.in_burn_order()]


def test_granting_twice_is_one_allowance(line, now):
    plan = make.make_plan(voice_minutes=60, sms_count=20)
    what = {"line": line, "plan": plan, "terms": PlanTerms.of(plan), "starts_at": now, "ends_at": now + 30 * DAY}

    first = grant(purchase_id="ord_1", **what)
    second = grant(purchase_id="ord_1", **what)

    assert first == second
    assert (first.data_bytes, first.voice_minutes, first.sms_count) == (10 * GB, 60, 20)
    assert Allowance.objects.count() == 1


def test_an_edited_plan_does_not_change_what_was_sold(line, now):
    plan = make.make_plan()
    terms = PlanTerms.of(plan)
    plan.data_bytes = 1 * GB
    plan.save()

    allowance = grant(line=line, plan=plan, terms=terms, purchase_id="o", starts_at=now, ends_at=now + DAY)

    assert allowance.data_bytes == 10 * GB


def test_the_first_plan_begins_now(line, now):
    terms = PlanTerms.of(make.make_plan())

    assert next_period(line=line, terms=terms, now=now) == (now, now + 30 * DAY)


def test_renewing_early_extends_from_the_current_end(line, now):
    make.make_allowance(line=line, ends_at=now + 9 * DAY)
    queued = make.make_allowance(line=line, starts_at=now + 9 * DAY, ends_at=now + 39 * DAY)
    make.make_allowance(line=line, is_data_pack=True, ends_at=now + 90 * DAY)

    starts_at, ends_at = next_period(line=line, terms=PlanTerms.of(make.make_plan()), now=now)

    assert starts_at == queued.ends_at
    assert ends_at == queued.ends_at + 30 * DAY


def test_a_plan_that_ended_leaves_no_gap_to_fill(line, now):
    make.make_allowance(line=line, starts_at=now - 31 * DAY, ends_at=now - DAY)

    starts_at, _ends_at = next_period(line=line, terms=PlanTerms.of(make.make_plan()), now=now)

    assert starts_at == now


def test_a_month_ends_on_the_wall_clock_of_the_line(subscriber):
    line = make.make_line(owner=subscriber, time_zone="Europe/Berlin")
    terms = PlanTerms.of(make.make_plan(period_unit=PeriodUnit.MONTH, period_count=1))

    _starts_at, ends_at = next_period(line=line, terms=terms, now=datetime(2026, 10, 1, 22, tzinfo=UTC))

    # Midnight in Berlin, on summer time before and winter time after.
    assert ends_at == datetime(2026, 11, 1, 23, tzinfo=UTC)


def test_a_data_pack_ends_with_the_running_plan(line, now):
    running = make.make_allowance(line=line)
    make.make_allowance(line=line, starts_at=running.ends_at, ends_at=running.ends_at + 30 * DAY)

    assert next_period(line=line, terms=PlanTerms.of(make.make_data_pack()), now=now) == (now, running.ends_at)


@pytest.mark.parametrize(
    ("left", "gap", "ends_with"),
    [
        (DAY, 0 * DAY, "next"),
        (timedelta(minutes=2), 0 * DAY, "next"),
        (2 * DAY, 0 * DAY, "running"),
        (DAY, DAY, "running"),
    ],
)
def test_on_the_last_day_a_data_pack_goes_on_with_the_plan_that_follows(line, now, left, gap, ends_with):
    ends = {"running": now + left, "next": now + left + gap + 30 * DAY}
    make.make_allowance(line=line, starts_at=now - 29 * DAY, ends_at=ends["running"])
    make.make_allowance(line=line, starts_at=now + left + gap, ends_at=ends["next"])
    make.make_allowance(line=line, starts_at=ends["next"], ends_at=ends["next"] + 30 * DAY)

    _starts_at, ends_at = next_period(line=line, terms=PlanTerms.of(make.make_data_pack()), now=now)

    assert ends_at == ends[ends_with]


def test_without_a_running_plan_there_is_nothing_to_top_up(line, now):
    make.make_allowance(line=line, starts_at=now + DAY, ends_at=now + 30 * DAY)

    with pytest.raises(NothingToTopUp) as refused:
        next_period(line=line, terms=PlanTerms.of(make.make_data_pack()), now=now)

    assert "Renew it first" in str(refused.value.sentence)


def test_the_preview_adds_what_is_left(line, now):
    make.make_allowance(line=line, used_bytes=8 * GB, ends_at=now + 9 * DAY)

    after = preview(line=line, terms=PlanTerms.of(make.make_plan()), now=now)

    assert after == AfterPurchase(data_bytes=12 * GB, ends_at=now + 39 * DAY)


def test_the_preview_of_an_unlimited_plan_counts_nothing(line, now):
    make.make_allowance(line=line)
    unlimited = make.make_plan(data_bytes=None, daily_cap_bytes=3 * GB, throttled_kbps=1024)

    assert preview(line=line, terms=PlanTerms.of(unlimited), now=now).data_bytes is None


def test_what_lapses_soonest_burns_first(line, now):
    make.make_allowance(line=line, data_bytes=1 * GB, ends_at=now + 2 * DAY)
    make.make_allowance(line=line, data_bytes=5 * GB, ends_at=now + 9 * DAY)

    ingest(line=line, source="sim", reports=[UsageReport(record_id="1", at=now, data_bytes=1500 * MB)], now=now)

    assert used(line) == [1 * GB, 500 * MB]


def test_what_nothing_has_room_for_stays_on_the_last(line, now):
    make.make_allowance(line=line, data_bytes=1 * GB, ends_at=now + 2 * DAY)
    make.make_allowance(line=line, data_bytes=1 * GB, ends_at=now + 9 * DAY)

    ingest(line=line, source="sim", reports=[UsageReport(record_id="1", at=now, data_bytes=3 * GB)], now=now)

    assert used(line) == [1 * GB, 2 * GB]
    assert [one.remaining_bytes for one in line.allowances.in_burn_order()] == [0, 0]


def test_an_unlimited_plan_takes_everything(line, now):
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=3 * GB, throttled_kbps=1024)

    ingest(line=line, source="sim", reports=[UsageReport(record_id="1", at=now, data_bytes=40 * GB)], now=now)

    assert used(line) == [40 * GB]


def test_a_late_record_goes_to_the_plan_of_its_moment(line, now):
    past = make.make_allowance(line=line, starts_at=now - 40 * DAY, ends_at=now - 10 * DAY)
    make.make_allowance(line=line, starts_at=now - 10 * DAY, ends_at=now + 20 * DAY)

    ingest(
        line=line,
        source="sim",
        reports=[UsageReport(record_id="1", at=past.ends_at - timedelta(seconds=1), data_bytes=MB)],
        now=now,
    )

    assert used(line) == [MB, 0]


def test_the_end_of_a_plan_belongs_to_the_next(line, now):
    past = make.make_allowance(line=line, starts_at=now - 40 * DAY, ends_at=now - 10 * DAY)
    make.make_allowance(line=line, starts_at=now - 10 * DAY, ends_at=now + 20 * DAY)

    ingest(line=line, source="sim", reports=[UsageReport(record_id="1", at=past.ends_at, data_bytes=MB)], now=now)

    assert used(line) == [0, MB]


def test_a_minute_begun_is_a_minute(line, now):
    allowance = make.make_allowance(line=line, voice_minutes=60, sms_count=10)

    ingest(
        line=line, source="sim", reports=[UsageReport(record_id="1", at=now, voice_seconds=61, sms_count=2)], now=now
    )

    allowance.refresh_from_db()
    assert (allowance.used_minutes, allowance.used_sms) == (2, 2)


@pytest.mark.parametrize(
    ("first", "months", "ends"),
    [
        (datetime(2027, 1, 31, 12, tzinfo=UTC), 1, [(2, 28), (3, 31), (4, 30), (5, 31)]),
        (datetime(2027, 1, 28, 12, tzinfo=UTC), 1, [(2, 28), (3, 28), (4, 28), (5, 28)]),
        (datetime(2027, 5, 31, 12, tzinfo=UTC), 3, [(8, 31), (11, 30), (2, 29), (5, 31)]),
    ],
    ids=["monthly from the 31st", "monthly from the 28th", "quarterly from the 31st"],
)
def test_renewing_by_hand_keeps_the_day_of_the_month(line, first, months, ends):
    plan = make.make_plan(period_unit="month", period_count=months)

    for _time in ends:
        starts_at, ends_at = next_period(line=line, terms=PlanTerms.of(plan), now=first)
        make.make_allowance(line=line, plan=plan, starts_at=starts_at, ends_at=ends_at)

    found = Allowance.objects.order_by("ends_at").values_list("ends_at", flat=True)
    assert [(end.month, end.day) for end in found] == ends


def test_after_a_gap_the_count_begins_anew(line):
    plan = make.make_plan(period_unit="month", period_count=1)
    begun, ended = datetime(2027, 1, 31, 12, tzinfo=UTC), datetime(2027, 2, 28, 12, tzinfo=UTC)
    make.make_allowance(line=line, plan=plan, starts_at=begun, ends_at=ended)

    starts_at, ends_at = next_period(line=line, terms=PlanTerms.of(plan), now=ended)

    assert (starts_at, ends_at) == (ended, datetime(2027, 3, 28, 12, tzinfo=UTC))
