"""When data runs out, foretold from the days behind."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esim.forecast import HISTORY_DAYS, Confidence, forecast
from esim.models import Allowance
from portal.lib.data_size import GB
from tests.make import NOW

DAY = timedelta(days=1)
UTC = ZoneInfo("UTC")


def allowance(*, starts=-20, ends=20, left=10 * GB, cap=None):
    """An allowance not saved anywhere; days are counted from now."""
    return Allowance(
        data_bytes=left, starts_at=NOW + starts * DAY, ends_at=NOW + ends * DAY, daily_cap_bytes=cap, used_bytes=0
    )


def used(*amounts, end=0):
    """Use by day, the last amount yesterday, or `end` days before."""
    return {NOW.date() - (back + 1 + end) * DAY: amount for back, amount in enumerate(reversed(amounts))}


def foretold(allowances, usage, *, zone=UTC, now=NOW):
    in_burn_order = sorted(allowances, key=lambda one: one.ends_at)
    return forecast(allowances=in_burn_order, usage=usage, zone=zone, now=now)


def test_data_runs_out_when_the_mean_of_the_last_days_has_used_it():
    told = foretold([allowance(left=10 * GB)], used(*[GB, 3 * GB] * 10))

    assert told.rate.daily_bytes == 2 * GB
    assert told.runs_out_at == NOW + 5 * DAY
    assert (told.rate.confidence, told.foretells) == (Confidence.GOOD, True)


def test_data_that_outlasts_the_paid_time_does_not_run_out():
    told = foretold([allowance(left=50 * GB, ends=20)], used(*[2 * GB] * 20))

    assert (told.runs_out_at, told.covered_until, told.foretells) == (None, NOW + 20 * DAY, True)


def test_a_queued_plan_goes_on_where_the_running_one_ends_and_what_is_left_lapses():
    running, queued = allowance(left=100 * GB, ends=5), allowance(left=4 * GB, starts=5, ends=35)

    told = foretold([running, queued], used(*[2 * GB] * 20))

    assert told.runs_out_at == NOW + 7 * DAY
    assert told.covered_until == NOW + 35 * DAY


def test_a_pack_that_ends_first_is_used_first():
    plan, pack = allowance(left=4 * GB, ends=20), allowance(left=4 * GB, ends=1)

    assert foretold([plan, pack], used(*[2 * GB] * 20)).runs_out_at == NOW + 3 * DAY


def test_behind_a_gap_nothing_is_covered():
    told = foretold([allowance(left=50 * GB, ends=2), allowance(starts=3, ends=9)], used(*[GB] * 20))

    assert (told.covered_until, told.runs_out_at) == (NOW + 2 * DAY, None)


@pytest.mark.parametrize(
    ("usage", "days", "confidence"),
    [
        ({}, 0, Confidence.TOO_LITTLE),
        ({NOW.date(): 9 * GB}, 0, Confidence.TOO_LITTLE),
        (used(GB, GB), 2, Confidence.TOO_LITTLE),
        (used(GB, 0, GB), 3, Confidence.ROUGH),
        (used(*[GB] * 13), 13, Confidence.ROUGH),
        (used(*[GB] * 14), 14, Confidence.GOOD),
        (used(*[0] * 19, 9 * GB), 1, Confidence.TOO_LITTLE),
        (used(20 * GB, *[0] * 15), 16, Confidence.ROUGH),
        (used(*[GB] * 60), 30, Confidence.GOOD),
    ],
)
def test_it_is_honest_about_how_much_it_knows(usage, days, confidence):
    told = foretold([allowance(starts=-90)], usage)

    assert (told.rate.days, told.rate.confidence) == (days, confidence)
    assert told.foretells == (confidence != Confidence.TOO_LITTLE)


def test_days_without_a_plan_are_not_days_without_need():
    before, running = allowance(starts=-30, ends=-20), allowance(starts=-5, ends=25)

    told = foretold([before, running], used(*[GB] * 8, end=20) | used(*[GB] * 5))

    assert (told.rate.days, told.rate.daily_bytes) == (14, 13 * GB // 14), "the 20th day before was half a day"


def test_a_line_that_used_nothing_foretells_nothing():
    assert not foretold([allowance()], used(*[0] * 25)).foretells


def test_a_line_without_a_plan_foretells_nothing():
    assert not foretold([allowance(ends=-1)], used(*[GB] * 25)).foretells


def test_an_unlimited_plan_tells_how_often_and_when_it_gets_slow_instead():
    told = foretold([allowance(left=None, cap=3 * GB)], used(GB, 4 * GB, 6 * GB, 3 * GB, 12 * GB))

    assert (told.runs_out_at, told.foretells) == (None, False)
    assert (told.cap.capped_days, told.rate.days) == (3, 5)
    assert told.cap.slow_from == time(12, 0)


def test_an_unlimited_plan_never_slow_has_no_hour():
    assert foretold([allowance(left=None, cap=3 * GB)], used(*[GB] * 5)).cap.slow_from is None


def test_days_are_those_of_the_line():
    tokyo = ZoneInfo("Asia/Tokyo")
    late = NOW.replace(hour=20)
    today_there = date(2026, 11, 22)

    told = foretold([allowance()], {today_there - back * DAY: GB for back in range(4)}, zone=tokyo, now=late)

    assert told.rate.days == 3, "the 22nd has begun there and is not over"


AMOUNTS = st.lists(st.integers(0, 50 * GB), max_size=40)
ALLOWANCES = st.lists(
    st.builds(
        lambda starts, length, left: allowance(starts=starts, ends=starts + length, left=left),
        st.integers(-60, 60),
        st.integers(1, 60),
        st.none() | st.integers(0, 10**12),
    ),
    max_size=6,
)


@given(ALLOWANCES, AMOUNTS)
def test_whatever_is_run_out_lies_in_the_paid_time(allowances, amounts):
    told = foretold(allowances, used(*amounts))

    assert told.rate.days <= HISTORY_DAYS
    if told.runs_out_at is not None:
        assert NOW <= told.runs_out_at <= told.covered_until


@given(ALLOWANCES, AMOUNTS, st.integers(0, 10**12))
def test_more_data_never_runs_out_sooner(allowances, amounts, more):
    before = foretold(allowances, used(*amounts))
    last = max((one.ends_at for one in allowances), default=NOW + DAY)
    pack = Allowance(data_bytes=more, starts_at=NOW - DAY, ends_at=max(last, NOW + DAY))
    after = foretold([*allowances, pack], used(*amounts))

    if before.rate.days == after.rate.days and before.runs_out_at:
        assert after.runs_out_at is None or after.runs_out_at >= before.runs_out_at


@given(AMOUNTS, AMOUNTS)
def test_more_use_never_lasts_longer(amounts, more):
    less, full = used(*amounts), used(*[a + b for a, b in zip(amounts, more, strict=False)])
    slow, quick = foretold([allowance(starts=-90)], less), foretold([allowance(starts=-90)], full)

    if slow.rate.days == quick.rate.days and len(full) == len(less) and slow.runs_out_at:
        assert quick.runs_out_at is not None
        assert quick.runs_out_at <= slow.runs_out_at + timedelta(seconds=1)
