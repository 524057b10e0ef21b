"""When another plan is advised, when not, and what happens to advice that was closed."""

from datetime import timedelta

import pytest

from billing import advising
from billing.models import NudgeDismissal, PlanNudge
from esim.models import DailyUsage, ServiceState
from plans import catalogue
from portal.lib.data_size import GB
from tests import make

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def own():
    return make.make_plan(name="Own", prices={"USD": 2000})


@pytest.fixture
def line(subscriber, own, now):
    """A line that used a fifth of a GB on each of the last sixty days."""
    line = make.make_line(owner=subscriber, nickname="Berlin")
    make.make_allowance(line=line, plan=own)
    DailyUsage.objects.bulk_create(
        DailyUsage(line=line, date=now.date() - back * DAY, data_bytes=GB // 5) for back in range(1, 61)
    )
    return line


def look(now):
    catalogue.cache.clear()
    advising.look_at_lines(now=now)
    return PlanNudge.objects.get()


def test_a_plan_that_would_have_cost_fifteen_percent_less_is_advised(line, own, now):
    less = make.make_plan(name="Less", prices={"USD": 1700})

    nudge = look(now)

    assert (nudge.plan, nudge.instead_of.code, nudge.days, nudge.percent) == (less, own.code, 60, 15)
    assert (nudge.cost, nudge.cost_now, nudge.currency) == (3400, 4000, "USD")


def test_the_plan_of_the_line_is_named_as_it_was_sold(line, own, now):
    make.make_plan(name="Less", prices={"USD": 1700})
    own.name = "Renamed"
    own.save()

    nudge = look(now)

    assert nudge.instead_of.label == "Own"


def test_a_plan_works_where_the_present_one_was_sold_to_work(line, own, now):
    make.make_plan(name="Only Italy", prices={"USD": 500}, countries=["IT"])
    own.countries = ["IT"]
    own.save()

    assert look(now).plan is None


def test_nothing_is_said_where_it_would_not_help(line, now):
    make.make_plan(name="Too little off", prices={"USD": 1701})
    make.make_plan(name="Other currency", prices={"EUR": 100})
    make.make_plan(name="Too small", prices={"USD": 500}, data_bytes=3 * GB)
    make.make_plan(name="Fewer countries", prices={"USD": 500}, countries=["FR"])
    make.make_plan(name="Withdrawn", prices={"USD": 500}, is_active=False)
    capped = {"data_bytes": None, "daily_cap_bytes": GB // 10, "throttled_kbps": 512}
    make.make_plan(name="Slow every day", prices={"USD": 500}, **capped)

    assert look(now).plan is None


def test_nobody_is_nudged_on_a_rough_guess(line, now):
    make.make_plan(prices={"USD": 100})
    line.daily_usage.filter(date__lt=now.date() - 20 * DAY).delete()

    assert look(now).plan is None


def test_a_line_is_looked_at_once_a_day_and_a_terminated_one_never(line, now, subscriber):
    make.make_line(owner=subscriber, service_state=ServiceState.TERMINATED)
    first = look(now)
    again = look(now + timedelta(hours=19))
    next_day = look(now + timedelta(hours=21))

    assert again.looked_at == first.looked_at < next_day.looked_at


def test_what_was_closed_comes_back_only_when_something_changed(line, now):
    less = make.make_plan(prices={"USD": 1700})
    look(now)

    assert advising.close(line=line, now=now)
    assert not advising.close(line=line, now=now)
    same = look(now + 40 * DAY).plan
    less.prices.create(currency="USD", amount=1000, valid_from=now + 41 * DAY)
    cheaper = look(now + 42 * DAY).plan

    assert same is None
    assert cheaper == less
    assert NudgeDismissal.objects.get().plan == less


def test_after_closing_no_other_plan_is_named_for_a_month(line, now):
    make.make_plan(prices={"USD": 1700})
    look(now)
    advising.close(line=line, now=now)
    other = make.make_plan(prices={"USD": 900})

    assert look(now + 20 * DAY).plan is None
    assert look(now + 31 * DAY).plan == other


@pytest.mark.parametrize("count", [1, 4])
def test_many_lines_take_as_many_queries_as_one(line, own, now, subscriber, count, django_assert_num_queries):
    for _ in range(count - 1):
        make.make_allowance(line=make.make_line(owner=subscriber), plan=own)
    catalogue.snapshot(version=catalogue.version(), now=now)

    # Lines, days, allowances, plans, closed advice, rows; nothing found needs no plan looked up by name.
    with django_assert_num_queries(6):
        advising.look_at_lines(now=now)
