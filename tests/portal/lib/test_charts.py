"""The usage chart: what the reader sees must be what was used."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from portal.lib.charts import usage_chart
from portal.lib.data_size import GB, MB

TODAY = date(2026, 11, 21)


def days(*amounts):
    return [(TODAY - timedelta(days=len(amounts) - 1 - n), amount) for n, amount in enumerate(amounts)]


def draw(*amounts, cap_bytes=None, locale="en"):
    return usage_chart(days(*amounts), today=TODAY, cap_bytes=cap_bytes, locale=locale)


def test_heights_are_in_proportion_to_use():
    chart = draw(GB, 2 * GB, 4 * GB)

    heights = [bar.height for bar in chart.wide.bars]

    assert heights[1] == pytest.approx(2 * heights[0], abs=2)
    assert heights[2] == pytest.approx(4 * heights[0], abs=4)


def test_no_bar_leaves_the_paper():
    chart = draw(*[n * 37 % 1300 * MB for n in range(31)], cap_bytes=2 * GB)

    for plot in (chart.wide, chart.narrow):
        for bar in plot.bars:
            assert plot.left <= bar.x
            assert bar.x + plot.bar_width <= plot.right
            assert bar.y >= 0
            assert bar.y + bar.height == plot.bottom


def test_bars_of_a_month_do_not_touch():
    plot = draw(*[GB] * 31).narrow

    starts = [bar.x for bar in plot.bars]

    assert all(later - earlier > plot.bar_width for earlier, later in pairwise(starts))


def test_a_little_use_is_visible_and_no_use_is_not():
    little, none, _ = draw(1, 0, 500 * GB).wide.bars

    assert little.height > 0
    assert none.height == 0


def test_where_nothing_was_used_there_is_nothing_to_draw():
    assert draw(0, 0, 0, cap_bytes=5 * GB).is_blank
    assert draw().is_blank
    assert not draw(0, 1, 0).is_blank


def test_only_today_is_marked():
    chart = draw(GB, GB, GB)

    assert [bar.is_now for bar in chart.wide.bars] == [False, False, True]
    assert chart.has_now


def test_cap_is_a_line_on_the_paper_even_when_nothing_was_used():
    plot = draw(0, 0, cap_bytes=2 * GB).wide

    assert 0 < plot.cap_y < plot.bottom


def test_days_over_the_cap_are_told_apart():
    chart = draw(2 * GB, 2 * GB + 1, cap_bytes=2 * GB)

    assert [bar.is_over_cap for bar in chart.wide.bars] == [False, True]
    assert chart.cap_label == "2 GB"


def test_table_has_every_day_newest_first():
    chart = draw(0, 1_500 * MB, 20 * MB)

    assert [(row.label, row.amount) for row in chart.rows] == [
        ("21 Nov", "20 MB"),
        ("20 Nov", "1.5 GB"),
        ("19 Nov", "0 MB"),
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 31])
def test_at_most_five_labels(count):
    plot = draw(*[GB] * count).wide

    assert len(plot.labels) + len(plot.ticks) <= 5


def test_no_days_at_all_still_draw_an_empty_chart():
    chart = draw()

    assert chart.wide.bars == ()
    assert chart.wide.labels == ()
    assert chart.max_label == "0 MB"


def test_dates_are_written_as_the_reader_writes_them():
    assert draw(GB, locale="zh-hans").rows[0].label == "11月21日"
    assert draw(GB, locale="zh-hant").rows[0].label == "11月21日"


@pytest.mark.parametrize("amount", [0, 9 * MB, 11 * MB, 999 * MB, 3 * GB, 123_456 * GB])
def test_scale_is_round_and_holds_the_highest_bar(amount):
    chart = draw(amount)

    assert chart.wide.bars[0].y >= chart.wide.ticks[-1].at
    assert "." not in chart.wide.ticks[-1].label
