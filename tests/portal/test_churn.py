"""The figure of lines that were left without a plan."""

from datetime import timedelta

from portal.churn import Churn, count_churn
from tests import make

DAY = timedelta(days=1)


def test_a_line_counts_as_lost_when_nothing_followed_its_plan(subscriber, now):
    def line(*periods):
        row = make.make_line(owner=subscriber)
        for starts, ends, *fields in periods:
            make.make_allowance(line=row, starts_at=now + starts * DAY, ends_at=now + ends * DAY, **dict(fields))

    line((-40, -10))
    line((-40, -10), (-10, 20))
    line((-40, 5))
    line((-20, -5))
    line((-90, -60))
    line((-40, -10), (-10, 20, ("is_data_pack", True)))

    assert count_churn(now) == Churn(lost=2, had=4)
    assert count_churn(now).percent == 50


def test_without_lines_there_is_nothing_to_say(db, now):
    assert count_churn(now).percent is None
