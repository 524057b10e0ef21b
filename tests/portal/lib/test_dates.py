from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation
from django.utils.functional import Promise

from portal.lib.dates import distance, format_clock, format_date_for

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "today"),
        (1, "tomorrow"),
        (-1, "yesterday"),
        (2, "in 2 days"),
        (9, "in 9 days"),
        (-3, "3 days ago"),
        (400, "in 400 days"),
    ],
)
def test_how_far_a_day_is(days, text):
    assert str(distance(TODAY, TODAY + timedelta(days=days))) == text


def test_the_language_is_chosen_when_the_distance_is_read():
    text = distance(TODAY, TODAY)

    assert isinstance(text, Promise)
    with translation.override("zh-hans"):
        assert str(text) == translation.gettext("today")


@pytest.mark.parametrize(
    ("language", "text"), [("en", "30 Nov 2026"), ("zh-hans", "2026年11月30日"), ("zh-hant", "2026年11月30日")]
)
def test_a_date_in_the_readers_form(language, text):
    assert format_date_for(date(2026, 11, 30), language) == text
    assert format_date_for(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), language) == text


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_the_clock_has_24_hours(language):
    assert format_clock(datetime(2026, 11, 30, 14, 5, tzinfo=UTC), language) == "14:05"
    assert format_clock(datetime(2026, 11, 30, 0, 5, tzinfo=UTC), language) == "00:05"
