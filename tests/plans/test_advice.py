"""What plans would have cost for known days: by example, against a walk day by day, and by what must always hold."""

from dataclasses import replace as changed
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.advice import Candidate, cheaper, replay
from plans.advice_confidence import confidence_of
from plans.advice_days import DayUse, History
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.periods import Period, PeriodUnit, day_after

FIRST = date(2026, 8, 23)


def days_of(*amounts, minutes=0):
    return [
        DayUse(date=FIRST + timedelta(days=at), data_bytes=amount, minutes=minutes if amount else 0)
        for at, amount in enumerate(amounts)
    ]


def plan(price=1000, *, name="plan", **terms):
    defaults = {
        "code": name,
        "kind": "plan",
        "name": name,
        "name_zh_hans": "",
        "name_zh_hant": "",
        "region": "europe",
        "countries": ["FR"],
        "data_bytes": 10 * GB,
        "daily_cap_bytes": None,
        "throttled_kbps": None,
        "voice_minutes": 0,
        "sms_count": 0,
        "period_unit": "day",
        "period_count": 30,
    }
    return Candidate(public_id=name, terms=PlanTerms(**{**defaults, **terms}), price=price)


def outcome(days, candidate, *, packs=(), goes_on=True):
    return replay(History(days, goes_on=goes_on), [candidate], packs=packs)[0]


def test_three_periods_cover_ninety_days():
    found = outcome(days_of(*[GB // 10] * 90), plan(1490))

    assert (found.periods, found.part, found.cost) == (3, None, 3 * 1490)
    assert found.wasted_bytes == 3 * 10 * GB - 9 * GB
    assert found.fits


def test_a_year_counts_by_its_share_and_must_last_a_year():
    year = plan(36500, data_bytes=40 * GB, period_unit="year", period_count=1)

    found = outcome(days_of(*[GB // 10] * 90), year)
    short = outcome(days_of(*[GB] * 90), year)

    assert (found.part, found.cost, found.days_without_data) == ((90, 365), 9000, 0)
    # 40 GB last 40 of 365 days: of 90 days that is ten with data.
    assert short.days_without_data == 81


def test_a_period_begins_on_the_first_day_that_needs_one():
    used = [GB] * 3 + [0] * 40 + [GB] * 3

    assert outcome(days_of(*used), plan(500, period_count=7), goes_on=False).cost == 2 * 500


def test_data_that_runs_out_is_bought_as_the_cheapest_kind_of_pack():
    used = days_of(*[GB] * 30)
    packs = [plan(300, name="1 GB", data_bytes=GB), plan(900, name="5 GB", data_bytes=5 * GB)]

    with_packs, without = outcome(used, plan(1000, data_bytes=18 * GB), packs=packs), outcome(used, plan(1000))

    assert (with_packs.pack.public_id, with_packs.packs, with_packs.cost) == ("5 GB", 3, 1000 + 3 * 900)
    assert (with_packs.days_without_data, with_packs.wasted_bytes) == (0, 3 * GB)
    assert (without.days_without_data, without.cost) == (20, 1000)


@pytest.mark.parametrize(
    ("terms", "slow", "without"),
    [
        ({"data_bytes": None, "daily_cap_bytes": GB, "throttled_kbps": 512}, 2, 0),
        ({"data_bytes": 90 * GB, "daily_cap_bytes": GB}, 0, 2),
        ({"data_bytes": GB, "throttled_kbps": 512}, 8, 0),
        ({"data_bytes": 90 * GB}, 0, 0),
    ],
)
def test_slow_days_are_told_from_days_without(terms, slow, without):
    found = outcome(days_of(*[GB // 2] * 8, 2 * GB, 2 * GB), plan(**terms), goes_on=False)

    assert (found.days_slow, found.days_without_data) == (slow, without)


def test_what_leaves_somebody_without_data_stands_behind_what_does_not():
    used = days_of(*[GB] * 30)

    ranked = replay(History(used, goes_on=True), [plan(100, name="small"), plan(9000, name="big", data_bytes=40 * GB)])

    assert [one.public_id for one in ranked] == ["big", "small"]


def test_cheaper_by_fifteen_percent_and_no_worse():
    used = days_of(*[GB // 5] * 60)
    own, less, worse = plan(2000, name="own"), plan(1700, name="less"), plan(500, name="worse", data_bytes=5 * GB)
    ranked = replay(History(used, goes_on=True), [own, less, worse, plan(1701, name="dearer")])
    standing = next(one for one in ranked if one.public_id == "own")

    assert cheaper(ranked, than=standing, by_percent=15).public_id == "less"
    assert cheaper(ranked, than=standing, by_percent=16) is None


def test_confidence_grows_with_days_and_falls_with_unsteady_weeks():
    found = [
        confidence_of(days_of(*amounts))
        for amounts in (
            [GB] * 6,
            [GB] * 20,
            [GB] * 30,
            [GB] * 90,
            [*[0] * 9, 40 * GB, *[0] * 20],
            [*[0] * 9, 90 * GB, *[0] * 80],
        )
    ]

    assert found == ["too_little", "rough", "fair", "good", "rough", "fair"]


AMOUNTS = st.sampled_from([0, 0, GB // 10, GB // 2, GB, 3 * GB])
USES = st.builds(
    lambda rows: [
        DayUse(date=FIRST + timedelta(days=at), data_bytes=data, minutes=minutes)
        for at, (data, minutes) in enumerate(rows)
    ],
    st.lists(st.tuples(AMOUNTS, st.sampled_from([0, 0, 7])), min_size=1, max_size=70),
)
PLANS = st.builds(
    lambda period, **terms: plan(period_unit=period[0], period_count=period[1], **terms),
    period=st.sampled_from([("day", 1), ("day", 7), ("day", 30), ("month", 1), ("year", 1)]),
    price=st.integers(0, 9000),
    data_bytes=st.sampled_from([0, GB, 5 * GB, 20 * GB]),
    daily_cap_bytes=st.sampled_from([None, GB // 2, 2 * GB]),
    throttled_kbps=st.sampled_from([None, 512]),
    voice_minutes=st.sampled_from([0, 20, 500]),
)
PACKS = st.lists(
    st.builds(
        lambda price, data_bytes: plan(price, name="pack", kind="data_pack", data_bytes=data_bytes),
        st.integers(1, 900),
        st.sampled_from([GB, 3 * GB]),
    ),
    max_size=2,
)


def walked(days, candidate):
    """The same without packs, one day after the other, as slowly and plainly as can be."""
    terms, n, at = candidate.terms, len(days), 0
    cost, slow, without, calls = Fraction(0), [], [], []
    while at < n:
        if days[at].is_idle:
            at += 1
            continue
        end = (
            at
            + (day_after(days[at].date, Period(PeriodUnit(terms.period_unit), terms.period_count)) - days[at].date).days
        )
        share = Fraction(min(end, n) - at, end - at)
        data = minutes = 0
        short = {"slow": 0, "without": 0, "calls": 0}
        for day in (days[index % n] for index in range(at, end)):
            data, minutes = data + day.data_bytes, minutes + day.minutes
            used_up = terms.data_bytes is not None and data > terms.data_bytes and day.data_bytes
            capped = terms.daily_cap_bytes and day.data_bytes > terms.daily_cap_bytes
            if used_up:
                short["slow" if terms.throttled_kbps and not terms.daily_cap_bytes else "without"] += 1
            elif capped:
                short["slow" if terms.throttled_kbps else "without"] += 1
            short["calls"] += bool(day.minutes and minutes > terms.voice_minutes)
        cost += candidate.price * share
        slow.append(short["slow"] * share)
        without.append(short["without"] * share)
        calls.append(short["calls"] * share)
        at = end
    return cost, sum(slow), sum(without), sum(calls)


@given(days=USES, candidate=PLANS)
def test_the_replay_agrees_with_a_walk_day_by_day(days, candidate):
    found = outcome(days, candidate)
    cost, slow, without, calls = walked(days, candidate)

    assert abs(found.cost - cost) <= Fraction(1, 2)
    # Days of a period that goes on are rounded up, each kind for itself.
    assert abs(found.days_slow - slow) <= 1
    assert 0 <= found.days_without_data - without < 1
    assert 0 <= found.days_without_calls - calls < 1


@given(days=USES, candidate=PLANS, packs=PACKS, goes_on=st.booleans())
def test_days_and_waste_stay_within_bounds(days, candidate, packs, goes_on):
    found = outcome(days, candidate, packs=packs, goes_on=goes_on)

    assert found.wasted_bytes >= 0
    assert min(found.shortfalls) >= 0
    assert found.days_slow + found.days_without_data <= found.days == len(days)
    assert found.days_without_calls <= found.days


@given(days=USES, candidate=PLANS, packs=PACKS, more=st.integers(0, 500))
def test_cost_grows_with_the_price(days, candidate, packs, more):
    dearer = changed(candidate, price=candidate.price + more)

    assert outcome(days, candidate, packs=packs).cost <= outcome(days, dearer, packs=packs).cost


@given(
    days=USES,
    worse=PLANS,
    packs=PACKS,
    less=st.integers(0, 300),
    data=st.integers(0, 20),
    minutes=st.integers(0, 30),
    others=st.lists(PLANS, max_size=3),
)
def test_a_plan_that_gives_more_for_less_never_ranks_behind(days, worse, packs, less, data, minutes, others):
    terms = changed(
        worse.terms,
        data_bytes=worse.terms.data_bytes + data * GB // 4,
        daily_cap_bytes=worse.terms.daily_cap_bytes and worse.terms.daily_cap_bytes + data * GB // 8,
        voice_minutes=worse.terms.voice_minutes + minutes,
    )
    better = Candidate(public_id="better", terms=terms, price=max(0, worse.price - less))
    worse = changed(worse, public_id="worse")

    ranked = [one.public_id for one in replay(History(days, goes_on=True), [*others, worse, better], packs=packs)]

    if (better.price, better.terms) != (worse.price, worse.terms):
        assert ranked.index("better") < ranked.index("worse")
