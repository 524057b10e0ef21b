from datetime import UTC, date, datetime

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone, translation

from portal.lib.money import Money


def render(source, **context):
    return Template("{% load portal_format %}" + source).render(Context(context))


@pytest.mark.parametrize(("language", "text"), [("en", "CN¥98.00"), ("zh-hans", "¥98.00"), ("zh-hant", "CN¥98.00")])
def test_money_in_the_active_language(language, text):
    with translation.override(language):
        assert render("{{ price|money }}", price=Money(9800, "CNY")) == text
        assert render("{% money minor currency %}", minor=9800, currency="CNY") == text


def test_without_an_active_language_the_default_one_serves():
    with translation.override(None):
        assert render("{{ price|money }}", price=Money(9800, "CNY")) == "CN¥98.00"


def test_dates_are_those_of_the_readers_time_zone():
    late = datetime(2026, 11, 30, 20, 5, tzinfo=UTC)

    with timezone.override("Asia/Taipei"):
        assert render("{{ when|day }} {{ when|clock }}", when=late) == "1 Dec 2026 04:05"
    with timezone.override("UTC"):
        assert render("{{ when|day }} {{ when|clock }}", when=late) == "30 Nov 2026 20:05"


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "1 Dec 2026, 04:05"), ("zh-hans", "2026年12月1日 04:05"), ("zh-hant", "2026年12月1日 04:05")],
)
def test_a_moment_is_a_day_and_a_clock_as_each_language_joins_them(language, text):
    late = datetime(2026, 11, 30, 20, 5, tzinfo=UTC)

    with timezone.override("Asia/Taipei"), translation.override(language):
        assert render("{{ when|moment }}", when=late) == text


def test_distance_counts_days_of_the_readers_time_zone():
    with time_machine.travel(datetime(2026, 11, 20, 17, 0, tzinfo=UTC), tick=False):
        with timezone.override("Asia/Taipei"):
            assert render("{{ when|distance }}", when=date(2026, 11, 30)) == "in 9 days"
            assert render("{{ when|distance }}", when=datetime(2026, 11, 20, 15, 0, tzinfo=UTC)) == "yesterday"
        with timezone.override("UTC"):
            assert render("{{ when|distance }}", when=date(2026, 11, 30)) == "in 10 days"


def test_a_plain_date_is_not_moved():
    with timezone.override("America/New_York"):
        assert render("{{ when|day }}", when=date(2026, 11, 30)) == "30 Nov 2026"


@pytest.mark.parametrize(
    ("msisdn", "text"),
    [
        ("+886912345678", "+886 912 345 678"),
        ("886912345678", "+886 912 345 678"),
        ("+393331234567", "+39 333 123 4567"),
        ("not a number", "not a number"),
        ("", ""),
        (None, ""),
    ],
)
def test_phone_numbers_are_spaced(msisdn, text):
    assert render("{{ msisdn|phone }}", msisdn=msisdn) == text


def test_what_a_stranger_typed_as_a_number_is_escaped():
    assert render("{{ msisdn|phone }}", msisdn="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize("name", ["money", "data_size", "distance", "day", "clock", "phone"])
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_in_nothing_out(name, value):
    assert render(f"{{{{ value|{name} }}}}", value=value) == ""


def test_data_size_in_a_page():
    assert render("{{ left|data_size }}", left=3_800_000_000) == "3.8 GB"
