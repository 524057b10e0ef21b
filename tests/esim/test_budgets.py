"""What the owner of a line means to use: told at 80 % and at all of it, once a day and once a month."""

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from esim.budgets import _spent, save_budget, state_of
from esim.carriers.base import UsageReport
from esim.models import UsageBudget
from esim.usage import ingest
from portal.lib.data_size import GB, MB
from tests import make

HOUR = timedelta(hours=1)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Italy trip")
    make.make_allowance(line=line, data_bytes=50 * GB)
    return line


def use(line, megabytes, at):
    reports = [UsageReport(record_id=f"{at}", at=at, data_bytes=megabytes * MB)]
    ingest(line=line, reports=reports, source="sim", now=at)


def told():
    return [
        (one.context["span"], one.context["percent"])
        for one in Notification.objects.filter(kind="budget_alert").order_by("pk")
    ]


def test_four_fifths_and_all_of_a_day_are_told_once(line, now):
    save_budget(line, GB, None, now=now)

    for hour in range(6):
        use(line, 300, now + hour * HOUR)

    assert told() == [("day", 80), ("day", 100)]


def test_many_lines_counted_together_are_looked_through_once(subscriber, now):
    class Looked(dict):
        looks = 0

        def items(self):
            Looked.looks += 1
            return super().items()

    budgets = [UsageBudget(line_id=number, monthly_bytes=GB) for number in range(50)]
    used = Looked({number: Looked({now.date(): GB}) for number in range(50)})

    spent = [one for budget in budgets for one in _spent(budget, used, zone=UTC, now=now)]

    assert [one.used_bytes for one in spent] == [GB] * 50
    assert Looked.looks == 50


def test_of_two_marks_passed_at_once_only_the_last_is_told(line, now):
    save_budget(line, GB, None, now=now)

    use(line, 1200, now)
    use(line, 10, now + HOUR)

    assert told() == [("day", 100)]


def test_a_budget_that_was_raised_is_told_of_again(line, now):
    save_budget(line, None, GB, now=now)
    use(line, 1200, now)
    save_budget(line, None, 10 * GB, now=now)

    for hour, megabytes in enumerate((1000, 6800, 2000), start=1):
        use(line, megabytes, now + hour * HOUR)

    assert told() == [("month", 100), ("month", 80), ("month", 100)]


def test_the_next_day_and_the_month_count_for_themselves(line, now):
    save_budget(line, GB, 2 * GB, now=now)

    use(line, 1000, now)
    use(line, 1000, now + 24 * HOUR)

    assert told() == [("day", 100), ("day", 100), ("month", 100)]


def test_usage_of_last_month_belongs_to_no_budget_of_this_one(line, now):
    save_budget(line, GB, GB, now=now)
    late = UsageReport(record_id="late", at=datetime(2026, 10, 31, 23, tzinfo=UTC), data_bytes=5 * GB)

    ingest(line=line, reports=[late], source="sim", now=now)

    assert told() == []


def test_the_state_says_what_is_used_of_each(subscriber, now):
    line = make.make_line(owner=subscriber, time_zone="Asia/Tokyo")
    save_budget(line, GB, 10 * GB, now=now)
    use(line, 1500, now)

    state = state_of(line, now)

    assert (state.daily.percent, state.daily.percent_drawn) == (150, 100)
    assert state.daily.ends_at == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert (state.monthly.percent, state.monthly.told_at) == (15, None)
    assert state.monthly.ends_at == datetime(2026, 11, 30, 15, tzinfo=UTC)


def test_a_budget_taken_away_tells_nothing(line, now):
    save_budget(line, GB, None, now=now)
    assert save_budget(line, None, None, now=now) is None

    use(line, 2000, now)

    assert (told(), UsageBudget.objects.count(), state_of(line, now).daily) == ([], 0, None)


def test_what_is_nearly_used_can_wait_for_the_morning_but_not_past_its_day(subscriber, line, now):
    type(subscriber).objects.update(quiet_from=time(9), quiet_until=time(12))
    line.refresh_from_db()
    save_budget(line, GB, None, now=now)

    use(line, 850, now)
    use(line, 300, now + HOUR)

    assert list(Notification.objects.order_by("pk").values_list("due_at", flat=True)) == [now + 2 * HOUR, now + HOUR]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("span", "percent"), [("day", 80), ("day", 100), ("month", 80), ("month", 100)])
def test_letters_say_how_much_of_what(subscriber, line, now, language, span, percent):
    subscriber.language = language
    context = {"line": "Italy trip", "line_id": line.public_id, "span": span, "percent": percent,
               "used_bytes": 850 * MB, "limit_bytes": GB, "ends_at": now.isoformat()}  # fmt: skip

    letter = write_email(kind="budget_alert", user=subscriber, context=context)
    sms = write_sms(kind="budget_alert", user=subscriber, context=context)

    assert "Italy trip" in letter.subject
    assert "%%" not in letter.subject
    assert "850" in letter.body
    assert "Italy trip" in sms
    assert "850" in sms


def test_the_letter_about_the_speed_names_both_clocks_where_they_differ(subscriber, now):
    context = {"line": "Tokyo", "line_id": "lin_x", "cap_bytes": 3 * GB, "kbps": 1024, "resets_at": now.isoformat(),
               "network_time": "00:00", "network_zone": "Asia/Tokyo", "elsewhere": True}  # fmt: skip

    letter = write_email(kind="speed_reduced", user=subscriber, context=context)
    sms = write_sms(kind="speed_reduced", user=subscriber, context=context)

    assert "00:00" in letter.body
    assert "Asia/Tokyo" in letter.body
    assert "1 Mbit/s" in letter.body
    assert "1 Mbit/s" in sms
