from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.periods import Period, PeriodUnit, boundaries, boundary, period_at

ROME = ZoneInfo("Europe/Rome")
ZONES = [ROME, ZoneInfo("America/New_York"), ZoneInfo("Asia/Taipei"), ZoneInfo("Asia/Shanghai")]
MONTHLY = Period(PeriodUnit.MONTH, 1)
DAILY = Period(PeriodUnit.DAY, 1)
YEARLY = Period(PeriodUnit.YEAR, 1)

anchors = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
periods = st.builds(Period, st.sampled_from(PeriodUnit), st.integers(1, 13))


def wall(moment, zone):
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def at(text, zone, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def test_the_31st_comes_back_after_short_months():
    anchor = at("2027-01-31 09:00", ROME)

    days = [wall(boundary(anchor, MONTHLY, k, ROME), ROME) for k in range(5)]

    assert days == ["2027-01-31 09:00", "2027-02-28 09:00", "2027-03-31 09:00", "2027-04-30 09:00", "2027-05-31 09:00"]


@pytest.mark.parametrize(
    ("anchor", "period", "index", "expected"),
    [
        ("2028-01-31 09:00", MONTHLY, 1, "2028-02-29 09:00"),
        ("2028-02-29 09:00", YEARLY, 1, "2029-02-28 09:00"),
        ("2028-02-29 09:00", YEARLY, 4, "2032-02-29 09:00"),
        ("2026-11-30 09:00", Period(PeriodUnit.MONTH, 3), 1, "2027-02-28 09:00"),
        ("2026-11-30 09:00", Period(PeriodUnit.MONTH, 3), 2, "2027-05-30 09:00"),
        ("2026-12-31 23:59", MONTHLY, -1, "2026-11-30 23:59"),
        ("2026-01-15 00:00", MONTHLY, -1, "2025-12-15 00:00"),
        ("2026-03-01 09:00", Period(PeriodUnit.DAY, 30), 1, "2026-03-31 09:00"),
    ],
)
def test_boundaries_on_the_wall_clock(anchor, period, index, expected):
    assert wall(boundary(at(anchor, ROME), period, index, ROME), ROME) == expected


def test_a_skipped_wall_time_moves_forward_by_the_gap():
    anchor = at("2026-03-28 02:30", ROME)

    assert wall(boundary(anchor, DAILY, 1, ROME), ROME) == "2026-03-29 03:30"
    assert wall(boundary(anchor, DAILY, 2, ROME), ROME) == "2026-03-30 02:30"


def test_a_wall_time_that_happens_twice_is_its_first():
    anchor = at("2026-10-24 02:30", ROME)

    assert boundary(anchor, DAILY, 1, ROME) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_boundary_0_is_the_anchor_even_in_the_second_of_two_hours():
    anchor = at("2026-10-25 02:30", ROME, fold=1)

    assert boundary(anchor, DAILY, 0, ROME) == anchor == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_the_zone_decides_on_which_day_a_month_ends():
    anchor = datetime(2026, 1, 31, 16, 30, tzinfo=UTC)

    in_taipei = boundary(anchor, MONTHLY, 1, ZoneInfo("Asia/Taipei"))

    assert in_taipei == datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert wall(in_taipei, ZoneInfo("Asia/Taipei")) == "2026-03-01 00:30"


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("hour", [0, 2])
@pytest.mark.parametrize("unit", PeriodUnit)
def test_no_drift_from_any_day_of_six_years(zone, hour, unit, sample):
    first = datetime(2024, 1, 1, hour, 30)  # noqa: DTZ001
    period = Period(unit, 1)
    clock_changes = timedelta(hours=1)

    for day in sample.of(range(6 * 366)):
        local = (first + timedelta(days=day)).replace(tzinfo=zone)
        ends = [boundary(local.astimezone(UTC), period, k, zone) for k in (0, 1, 2, 13, 14)]
        assert all(one < two for one, two in pairwise(ends))
        for end in ends[1:]:
            here = end.astimezone(zone)
            assert abs(here.replace(tzinfo=None) - here.replace(hour=hour, minute=30, tzinfo=None)) <= clock_changes
            assert unit == PeriodUnit.DAY or here.day == local.day or (here + timedelta(days=1)).day == 1


@given(anchor=anchors, period=periods, zone=zones, index=st.integers(-40, 80))
def test_boundaries_strictly_increase(anchor, period, zone, index):
    assert boundary(anchor, period, index, zone) < boundary(anchor, period, index + 1, zone)


@given(anchor=anchors, moment=anchors, period=periods, zone=zones)
def test_every_moment_lies_in_one_half_open_period(anchor, moment, period, zone):
    index = period_at(anchor, period, moment, zone)

    assert boundary(anchor, period, index, zone) <= moment < boundary(anchor, period, index + 1, zone)


@given(anchor=anchors, period=periods, zone=zones, index=st.integers(-40, 80))
def test_a_boundary_belongs_to_the_period_it_opens(anchor, period, zone, index):
    start = boundary(anchor, period, index, zone)

    assert period_at(anchor, period, start, zone) == index
    assert period_at(anchor, period, start - timedelta(microseconds=1), zone) == index - 1


def test_a_naive_instant_is_refused():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001

    with pytest.raises(ValueError, match="time zone"):
        boundary(naive, MONTHLY, 1, ROME)
    with pytest.raises(ValueError, match="time zone"):
        period_at(datetime(2026, 1, 1, tzinfo=UTC), MONTHLY, naive, ROME)


@pytest.mark.parametrize(("unit", "count"), [("day", 0), ("month", -1), ("fortnight", 1)])
def test_a_period_that_is_none_is_refused(unit, count):
    with pytest.raises(ValueError, match=r"one unit|not a valid"):
        Period(unit, count)


@pytest.mark.parametrize(
    ("period", "text"),
    [(Period("day", 30), "30 days"), (MONTHLY, "1 month"), (Period("month", 3), "3 months"), (YEARLY, "1 year")],
)
def test_a_period_in_words(period, text):
    assert period.describe() == text


@given(anchors, periods, st.integers(-40, 40), zones)
def test_both_ends_of_a_period_are_the_boundaries_on_its_sides(anchor, period, index, zone):
    assert boundaries(anchor, period, index, zone) == (
        boundary(anchor, period, index, zone),
        boundary(anchor, period, index + 1, zone),
    )
