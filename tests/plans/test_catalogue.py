"""The public catalogue: what it shows, finds and costs."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from plans import catalogue
from portal.lib.data_size import GB
from tests import make

pytestmark = pytest.mark.django_db

CATALOGUE = "/plans/"


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


def text_of(response):
    return " ".join(response.content.decode().replace("\xa0", " ").split())


def test_visitor_sees_plan_with_price_per_gb_and_per_day(client):
    make.make_plan(name="Europe 10 GB", prices={"USD": 1490})

    page = text_of(client.get(CATALOGUE))

    assert "Europe 10 GB" in page
    assert "US$14.90" in page
    assert "US$1.49 per GB" in page
    assert "US$0.50 a day" in page


def test_what_a_button_says_is_what_its_page_asks(as_subscriber):
    plan = make.make_plan(prices={"USD": 1490, "EUR": 1390})
    buy = f"{reverse('billing:buy', args=[plan.public_id])}?currency=EUR"

    cards = as_subscriber.get(CATALOGUE, {"currency": "EUR"}).content.decode()
    page = as_subscriber.get(f"{reverse('plans:plan', args=[plan.public_id])}?currency=EUR").content.decode()

    assert f'href="{buy}"' in cards
    assert f'href="{buy}"' in page
    assert "Buy for €13.90" in as_subscriber.get(buy).content.decode()


def test_longer_is_cheaper_and_the_page_says_by_how_much(client):
    make.make_plan(name="Week", prices={"USD": 450}, period_count=7, data_bytes=GB)
    month = make.make_plan(name="Month", prices={"USD": 1490})
    words = "66% less per GB and 22% less a day than Week for 7 days"

    assert words in text_of(client.get(CATALOGUE))
    assert words in text_of(client.get(reverse("plans:plan", args=[month.public_id])))


def test_fair_use_is_told_with_numbers(client):
    make.make_plan(data_bytes=None, daily_cap_bytes=2 * GB, throttled_kbps=512)

    page = text_of(client.get(CATALOGUE))

    assert "Unlimited data" in page
    assert "Full speed for 2 GB a day, then 512 kbit/s until the next day." in page


def test_year_says_what_it_saves_against_twelve_months(client):
    make.make_plan(name="Month", prices={"USD": 1490}, period_unit="month", period_count=1)
    make.make_plan(name="Year", prices={"USD": 15000}, period_unit="year", period_count=1, data_bytes=120 * GB)

    page = text_of(client.get(CATALOGUE))

    assert "US$28.80 less than twelve months" in page
    assert "Saves 16%" in page


@pytest.mark.parametrize(("price", "saved"), [(9000, None), (5000, "US$10.00 less than twelve months")])
def test_year_saves_less_where_a_second_month_comes_with_the_first(client, price, saved):
    make.make_plan(code="month", prices={"USD": 1000}, period_unit="month", period_count=1)
    make.make_plan(prices={"USD": price}, period_unit="year", period_count=1, data_bytes=120 * GB)
    make.make_promotion(kind="buy_get", buy_count=1, free_count=1, period_unit="month", plan_codes=["month"])

    page = text_of(client.get(CATALOGUE))

    assert ("less than twelve months" in page) == bool(saved)
    assert saved is None or saved in page
    assert ("less a day than" in page) == bool(saved)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Paris", "Tokyo", "Long"}),
        ("region=europe", {"Paris", "Long"}),
        ("country=japan", {"Tokyo"}),
        ("country=jp", {"Tokyo"}),
        ("period=day", {"Tokyo"}),
        ("period=month", {"Paris"}),
        ("period=year", {"Long"}),
        ("size=5", {"Paris", "Long"}),
        ("size=unlimited", {"Long"}),
        ("region=europe&period=month&size=10", {"Paris"}),
        ("region=europe&country=japan", set()),
    ],
)
def test_filters_narrow_the_catalogue(client, query, found):
    make.make_plan(name="Paris", region="europe", countries=["FR"])
    make.make_plan(name="Tokyo", region="east-asia", countries=["JP"], data_bytes=GB, period_count=1)
    make.make_plan(
        name="Long",
        region="europe",
        countries=["FR", "DE"],
        data_bytes=None,
        daily_cap_bytes=GB,
        throttled_kbps=384,
        period_unit="year",
        period_count=1,
    )

    page = text_of(client.get(f"{CATALOGUE}?{query}"))

    assert {name for name in ("Paris", "Tokyo", "Long") if f">{name}</a>" in page} == found


@pytest.mark.parametrize(("language", "country", "name"), [("zh-hans", "法国", "欧洲"), ("zh-hant", "法國", "歐洲")])
def test_chinese_reader_finds_country_and_reads_plan_in_own_language(client, language, country, name):
    make.make_plan(name="Europe", name_zh_hans="欧洲", name_zh_hant="歐洲", countries=["FR"])

    response = client.get(CATALOGUE, {"country": country}, headers={"accept-language": language})

    assert f">{name}</a>" in text_of(response)
    assert country in text_of(response)


def test_sorting_puts_lowest_price_first_and_unsold_last(client):
    for name, prices in (("Dear", {"USD": 3000}), ("Elsewhere", {"EUR": 100}), ("Cheap", {"USD": 500})):
        make.make_plan(name=name, prices=prices)

    page = text_of(client.get(f"{CATALOGUE}?sort=price"))

    assert page.index(">Cheap<") < page.index(">Dear<") < page.index(">Elsewhere<")


@pytest.mark.parametrize("sort", ["price", "per-gb", "per-day"])
def test_sorting_puts_what_is_free_first(client, sort):
    make.make_plan(name="Cheap", prices={"USD": 500})
    make.make_plan(name="Free", prices={"USD": 0})

    page = text_of(client.get(f"{CATALOGUE}?sort={sort}"))

    assert page.index(">Free<") < page.index(">Cheap<")


def test_staff_order_rules_where_nobody_sorts(client):
    make.make_plan(name="Second", position=2)
    make.make_plan(name="First", position=1)

    page = text_of(client.get(CATALOGUE))

    assert page.index(">First<") < page.index(">Second<")


def test_plan_without_price_in_currency_says_so_and_offers_others(client):
    make.make_plan(prices={"USD": 1490})

    page = text_of(client.get(f"{CATALOGUE}?currency=CNY"))

    assert "Not sold in CNY" in page
    assert '<a href="?currency=USD"><span class="money">US$14.90</span></a>' in page


def test_subscriber_sees_prices_in_own_currency(client, subscriber):
    make.make_plan(prices={"USD": 1490, "JPY": 2200})
    subscriber.currency = "JPY"
    subscriber.save()
    client.force_login(subscriber)

    page = text_of(client.get(CATALOGUE))

    assert "JP¥2,200" in page


def test_visitor_keeps_chosen_currency(client):
    make.make_plan(prices={"USD": 1490, "EUR": 1390})
    client.get(f"{CATALOGUE}?currency=EUR")

    page = text_of(client.get(CATALOGUE))

    assert "€13.90" in page


@pytest.mark.parametrize("currency", ["XYZ", "usd'--", "€", "KRW"])
def test_unknown_currency_falls_back(client, currency):
    make.make_plan(prices={"USD": 1490})

    response = client.get(CATALOGUE, {"currency": currency})

    assert "US$14.90" in text_of(response)


@pytest.mark.parametrize("query", ["region=moon", "period=week", "size=-1", "sort=colour", "country=" + "x" * 5000])
def test_unknown_filter_is_an_error_beside_the_field(client, query):
    make.make_plan(name="Europe")

    response = client.get(f"{CATALOGUE}?{query}")

    assert response.status_code == 200
    assert 'class="field-error"' in text_of(response)


def test_nothing_found_offers_to_clear_and_sends_search_to_support(client):
    make.make_plan(countries=["FR"])

    page = text_of(client.get(CATALOGUE, {"country": "Japan", "size": "5"}))

    assert "No plan fits all of this" in page
    assert 'href="/plans/"' in page
    assert 'href="/help/tickets/new/?country=Japan&amp;size=5&amp;from=plans"' in page


def test_data_packs_stand_apart(client):
    make.make_plan(name="Europe")
    make.make_data_pack(name="5 GB more")

    page = text_of(client.get(CATALOGUE))

    assert "1 plan" in page
    assert page.index("Europe") < page.index("Top-ups") < page.index("5 GB more")


def test_plans_outside_their_window_are_not_shown(client, now):
    make.make_plan(name="Ended", active_until=now)
    make.make_plan(name="Coming", active_from=now + timedelta(seconds=1))
    make.make_plan(name="Withdrawn", is_active=False)
    make.make_plan(name="Last-moment", active_until=now + timedelta(seconds=1))

    page = text_of(client.get(CATALOGUE))

    assert "Last-moment" in page
    assert not any(name in page for name in ("Ended", "Coming", "Withdrawn"))


def test_window_opens_and_price_changes_on_time_although_cached(client, now, settings):
    # Redis keeps its own time, in which nobody can travel.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    make.make_plan(name="Running").prices.create(currency="USD", amount=990, valid_from=now + timedelta(seconds=20))
    make.make_plan(name="Coming", active_from=now + timedelta(seconds=10))
    before = text_of(client.get(CATALOGUE))

    with time_machine.travel(now + timedelta(seconds=10), tick=False):
        opened = text_of(client.get(CATALOGUE))
    with time_machine.travel(now + timedelta(seconds=20), tick=False):
        cheaper = text_of(client.get(CATALOGUE))

    assert "Coming" not in before
    assert "Coming" in opened
    assert "US$9.90" not in opened
    assert "US$9.90" in cheaper


def test_committed_change_is_seen_at_once(client, django_capture_on_commit_callbacks):
    plan = make.make_plan(name="Before")
    client.get(CATALOGUE)

    with django_capture_on_commit_callbacks(execute=True):
        plan.name = "After"
        plan.save()
        catalogue.forget()

    assert ">After</a>" in text_of(client.get(CATALOGUE))


def test_another_process_shows_a_change_a_second_later(client, now):
    plan = make.make_plan(name="Before")
    client.get(CATALOGUE)

    plan.name = "After"
    plan.save()
    cache.clear()  # what another process did when it forgot the version

    with time_machine.travel(now + timedelta(seconds=2), tick=False):
        assert ">After</a>" in text_of(client.get(CATALOGUE))


def test_rows_built_before_a_change_are_not_read_after_it(now, django_capture_on_commit_callbacks):
    plan = make.make_plan(name="Before")
    slow_builder = catalogue.version()

    with django_capture_on_commit_callbacks(execute=True):
        catalogue.forget()
    catalogue.snapshot(version=slow_builder, now=now)
    plan.name = "After"
    plan.save()

    rows = catalogue.snapshot(version=catalogue.version(), now=now).rows
    assert [row.terms.name for row in rows] == ["After"]


@pytest.mark.parametrize("count", [1, 3])
def test_visitor_costs_three_queries_and_none_when_cached(client, django_assert_num_queries, count):
    for _ in range(count):
        make.make_plan(prices={"USD": 1490, "EUR": 1390})

    with django_assert_num_queries(3):
        client.get(CATALOGUE)
    with django_assert_num_queries(0):
        client.get(CATALOGUE)
    with django_assert_num_queries(0):
        client.get(f"{CATALOGUE}?country=japan&currency=EUR")


def test_subscriber_costs_the_user_only_when_cached(as_subscriber, django_assert_max_num_queries):
    make.make_plan()
    as_subscriber.get(CATALOGUE)

    with django_assert_max_num_queries(1):
        page = text_of(as_subscriber.get(CATALOGUE))

    assert "Ada Lin" in page


def test_cached_page_is_never_somebody_elses(as_subscriber, stranger):
    make.make_plan()
    as_subscriber.get(CATALOGUE)
    other = Client()
    other.force_login(stranger)

    assert "Ada Lin" not in text_of(other.get(CATALOGUE))
    assert "Ada Lin" not in text_of(Client().get(CATALOGUE))


def test_cached_page_carries_this_requests_csrf_token():
    make.make_plan()
    Client().get(CATALOGUE)
    visitor = Client(enforce_csrf_checks=True)
    page = visitor.get(CATALOGUE)
    token = page.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    answer = visitor.post(reverse("set_language"), {"language": "zh-hans", "csrfmiddlewaretoken": token})

    assert answer.status_code == 302


def test_catalogue_survives_a_lost_cache(client):
    make.make_plan(name="Europe")
    client.get(CATALOGUE)
    cache.clear()

    assert ">Europe</a>" in text_of(client.get(CATALOGUE))
