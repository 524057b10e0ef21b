"""The arithmetic of auto-renewal: whole calendar periods from an anchor, each numbered once."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Subscription
from billing.schedule import aligned_end, lead, realigned
from esim.models import Allowance, Line
from plans.models import Plan
from portal.lib.periods import Period, boundary

# Hypothesis takes naive bounds and adds the zone.
ANCHORS = st.datetimes(datetime(2023, 12, 1), datetime(2029, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001
PERIODS = st.sampled_from([("day", 1), ("day", 30), ("month", 1), ("month", 3), ("year", 1)])
ZONES = st.sampled_from(["UTC", "Europe/Rome", "Asia/Shanghai", "America/New_York"])


def agreement(anchor, period, zone="UTC", *, anchor_index=0):
    unit, count = period
    plan = Plan(period_unit=unit, period_count=count)
    return Subscription(plan=plan, line=Line(time_zone=zone), anchor_at=anchor, anchor_index=anchor_index)


def paid(starts_at, ends_at):
    return Allowance(starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize(
    ("period", "hours"), [(("day", 1), 2), (("day", 6), 2), (("day", 7), 24), (("month", 1), 24), (("year", 1), 24)]
)
def test_short_plans_are_charged_two_hours_before_and_others_a_day(period, hours):
    assert lead(Period(*period)) == timedelta(hours=hours)


@given(anchor=ANCHORS, period=PERIODS, zone=ZONES, bought=st.integers(1, 60))
def test_periods_bought_one_after_another_never_drift_from_the_anchor(anchor, period, zone, bought):
    subscription = agreement(anchor, period, zone)
    ends = [boundary(anchor, Period(*period), number, subscription.line.zone) for number in range(bought + 2)]

    schedule = realigned(subscription, paid=paid(ends[bought - 1], ends[bought]), next_index=bought)

    assert (schedule.anchor_at, schedule.period_index) == (anchor, bought)
    assert schedule.charge_due_at == ends[bought] - lead(Period(*period))
    assert aligned_end(subscription, ends[bought], period=subscription.plan.period) == ends[bought + 1]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"])
@pytest.mark.parametrize("months", [1, 3, 12])
def test_five_years_from_any_day_no_time_is_skipped_or_paid_twice(months, zone, sample):
    """Lord Howe moves its clocks by half an hour."""
    period = Period("month", months)
    for number in sample.of(range((datetime(2029, 3, 2) - datetime(2023, 12, 1)).days)):  # noqa: DTZ001 - days only
        anchor = datetime(2023, 12, 1, 14, 30, tzinfo=UTC) + timedelta(days=number)
        subscription = agreement(anchor, ("month", months), zone)
        day = anchor.astimezone(subscription.line.zone).day
        ends = [boundary(anchor, period, index, subscription.line.zone) for index in range(61)]
        assert all(before < after for before, after in pairwise(ends))
        for end in ends:
            local = end.astimezone(subscription.line.zone)
            assert local.day == min(day, monthrange(local.year, local.month)[1]), (anchor, end)
        for index in (1, 2, 12, 59):
            schedule = realigned(subscription, paid=paid(ends[index - 1], ends[index]), next_index=index)
            assert (schedule.anchor_at, schedule.period_index) == (anchor, index)
            assert aligned_end(subscription, ends[index], period=subscription.plan.period) == ends[index + 1]


@given(anchor=ANCHORS, period=PERIODS, end=ANCHORS, lowest=st.integers(1, 500))
def test_whatever_was_bought_by_hand_the_number_of_a_period_only_grows(anchor, period, end, lowest):
    subscription = agreement(anchor, period)

    schedule = realigned(subscription, paid=paid(end - timedelta(days=1), end), next_index=lowest)

    moved = agreement(schedule.anchor_at, period, anchor_index=schedule.anchor_index)
    steps = schedule.period_index - schedule.anchor_index
    assert schedule.period_index >= lowest
    assert boundary(moved.anchor_at, Period(*period), steps, moved.line.zone) == end


def test_an_early_purchase_by_hand_skips_the_period_it_paid_for():
    start = datetime(2026, 1, 31, tzinfo=UTC)
    subscription = agreement(start, ("month", 1))
    by_hand = paid(datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))

    assert realigned(subscription, paid=by_hand, next_index=1).period_index == 2


def test_a_new_count_keeps_the_day_of_the_month_it_began_on():
    subscription = agreement(datetime(2025, 6, 10, tzinfo=UTC), ("month", 1))
    restarted = paid(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC))

    schedule = realigned(subscription, paid=restarted, next_index=8)

    moved = agreement(schedule.anchor_at, ("month", 1), anchor_index=schedule.anchor_index)
    assert schedule.period_index == 8
    assert aligned_end(moved, restarted.ends_at, period=moved.plan.period) == datetime(2026, 3, 31, tzinfo=UTC)


def test_a_period_that_begins_elsewhere_is_not_aligned():
    subscription = agreement(datetime(2026, 1, 31, tzinfo=UTC), ("month", 1))

    assert aligned_end(subscription, datetime(2026, 2, 27, tzinfo=UTC), period=subscription.plan.period) is None
