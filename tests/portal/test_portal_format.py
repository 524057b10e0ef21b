from datetime import UTC, date, datetime

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from portal.lib.money import Money
from portal.lib.saying import say_day, say_moment

JOINER = "\N{WORD JOINER}"


def render(source, **context):
    return Template("{% load portal_format %}" + source).render(Context(context))


def held(text):
    return text.replace(" ", "\N{NO-BREAK SPACE}")


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
        assert render("{{ when|day }} {{ when|clock }}", when=late) == f"{held('1 Dec 2026')} 04:05"
    with timezone.override("UTC"):
        assert render("{{ when|day }} {{ when|clock }}", when=late) == f"{held('30 Nov 2026')} 20:05"


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", f"{held('1 Dec 2026')}, 04:05"), ("zh-hans", "2026年12月1日 04:05"), ("zh-hant", "2026年12月1日 04:05")],
)
def test_a_moment_is_a_day_and_a_clock_as_each_language_joins_them(language, text):
    late = datetime(2026, 11, 30, 20, 5, tzinfo=UTC)

    with timezone.override("Asia/Taipei"), translation.override(language):
        assert render("{{ when|moment }}", when=late).replace(JOINER, "") == text


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_a_chinese_date_breaks_over_no_line_of_a_page(language):
    when = datetime(2026, 11, 30, 4, 5, tzinfo=UTC)
    held = JOINER.join(["2026", "年", "11", "月", "30", "日"])

    with timezone.override("UTC"), translation.override(language):
        assert render("{{ when|day }}", when=when) == held
        assert render("{{ when|moment }}", when=when) == f"{held} 04:05"
        assert render("{{ when|moment_there }}", when=when) == f"{held} 04:05"
        assert render("{% autoescape off %}{{ when|day }}{% endautoescape %}", when=when) == "2026年11月30日"
        assert (say_day(when), say_moment(when)) == (held, f"{held} 04:05")


def test_distance_counts_days_of_the_readers_time_zone():
    with time_machine.travel(datetime(2026, 11, 20, 17, 0, tzinfo=UTC), tick=False):
        with timezone.override("Asia/Taipei"):
            assert render("{{ when|distance }}", when=date(2026, 11, 30)) == held("in 9 days")
            assert render("{{ when|distance }}", when=datetime(2026, 11, 20, 15, 0, tzinfo=UTC)) == "yesterday"
        with timezone.override("UTC"):
            assert render("{{ when|distance }}", when=date(2026, 11, 30)) == held("in 10 days")


def test_a_plain_date_is_not_moved():
    with timezone.override("America/New_York"):
        assert render("{{ when|day }}", when=date(2026, 11, 30)) == held("30 Nov 2026")


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


def test_figures_and_their_units_stay_together_on_pages_alone():
    source = "{{ left|data_size }}, {{ kbps|speed }}, {{ '30 days'|together }}"
    figures = ["3.8 GB", "1 Mbit/s", "30 days"]
    plain = f"{{% autoescape off %}}{source}{{% endautoescape %}}"

    assert render(source, left=3_800_000_000, kbps=1024) == ", ".join(map(held, figures))
    assert render(plain, left=3_800_000_000, kbps=1024) == ", ".join(figures)


@pytest.mark.parametrize(
    ("language", "written"),
    [("zh-hans", "<b>欧洲 20\N{NO-BREAK SPACE}GB</b> 30 天"), ("en", "<b>欧洲 20 GB</b> 30 天")],
)
def test_an_amount_of_data_stays_whole_where_a_line_has_few_other_spaces(language, written):
    with translation.override(language):
        assert render("{{ value|sizes_whole }}", value=mark_safe("<b>欧洲 20 GB</b> 30 天")) == written
        assert render("{{ value|sizes_whole }}", value="<b>") == "&lt;b&gt;"
