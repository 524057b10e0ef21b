"""The pages that say which plan fits: by a line's own days, for a trip, and as a sentence on the front page."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from billing import advising
from billing.models import PlanNudge
from esim.models import DailyUsage
from portal.lib.data_size import GB
from tests import make

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TRIP = {"country_1": "FR", "first": "2026-12-01", "last": "2026-12-10", "use": "normal"}


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def own():
    return make.make_plan(name="Own", prices={"USD": 2000})


@pytest.fixture
def line(subscriber, own, now):
    line = make.make_line(owner=subscriber, nickname="Berlin", usage_reported_at=now)
    make.make_allowance(line=line, plan=own)
    DailyUsage.objects.bulk_create(
        DailyUsage(line=line, date=now.date() - back * DAY, data_bytes=GB // 5) for back in range(1, 61)
    )
    return line


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode()).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", text.replace("\xa0", " "))


def advice(client, line, **query):
    return client.get(reverse("line_advice", args=[line.public_id]), query)


def test_plans_are_ranked_with_their_arithmetic(as_subscriber, line):
    make.make_plan(name="Cheap", prices={"USD": 1000})
    make.make_plan(name="Tiny", prices={"USD": 100}, data_bytes=GB)

    text = words(advice(as_subscriber, line))

    assert text.index("Cheap") < text.index("Own") < text.index("Tiny")
    assert "2 periods of 30 days at US$10.00 US$20.00 Together US$20.00" in text
    assert "US$10.00 for 30 days" in text
    assert "8 GB paid for and not used" in text
    assert "One plan falls short" in text
    assert "quite sure 60 days of use, much the same from week to week." in text


def test_the_periods_of_a_plan_can_be_followed(as_subscriber, line, own):
    make.make_data_pack(countries=["FR", "DE", "IT"], data_bytes=GB)
    small = make.make_plan(name="Small", prices={"USD": 800}, data_bytes=5 * GB)

    text = words(advice(as_subscriber, line, plan=small.public_id))

    assert "22 Sep 2026 to 21 Oct 2026 6 GB 1 GB 1 – in full" in text
    assert "2 × 5 GB more at US$6.00 US$12.00 Together US$28.00" in text
    assert words(advice(as_subscriber, line, plan="pln_nothing")).count("Together") == 2


def test_a_country_narrows_it_and_nonsense_does_not_break_it(as_subscriber, line):
    make.make_plan(name="France", prices={"USD": 900}, countries=["FR"])

    assert "France" not in words(advice(as_subscriber, line)).partition("What we assume")[0]
    assert "France" in words(advice(as_subscriber, line, country="FR")).partition("What we assume")[0]
    assert advice(as_subscriber, line, country="XX\x00").status_code == 200


def test_without_a_week_of_use_the_trip_form_is_offered(as_subscriber, line):
    DailyUsage.objects.all().delete()

    page = advice(as_subscriber, line)

    assert "Too little history yet" in words(page)
    assert reverse("plans:trip") in page.content.decode()


def test_lines_to_choose_from_are_ones_own(as_subscriber, line, stranger):
    make.make_line(owner=stranger, nickname="Not yours")

    text = words(as_subscriber.get(reverse("advice")))

    assert "Berlin" in text
    assert "Not yours" not in text


def test_a_visitor_gets_plans_for_a_trip_paid_in_full(client):
    make.make_plan(name="Month", prices={"USD": 1490})
    make.make_plan(name="Elsewhere", countries=["JP"])
    make.make_plan(name="Little", prices={"USD": 300}, data_bytes=GB)

    text = words(client.get(reverse("plans:trip"), TRIP))
    ranked = text.partition("What we assume")[0]

    assert "France: 10 days, about 10 GB in all." in text
    assert ranked.index("Month") < ranked.index("Little")
    assert "US$14.90 for these 10 days" in text
    assert "Elsewhere" not in ranked


def test_a_trip_counts_with_the_offer_that_runs(client):
    make.make_plan(name="Month", prices={"USD": 1490})
    make.make_plan(name="Reduced", prices={"USD": 1500}, region="oceania")
    make.make_promotion(regions=["oceania"])

    text = words(client.get(reverse("plans:trip"), TRIP))

    assert text.index("Reduced") < text.index("Month")
    assert "US$12.00 for these 10 days" in text
    assert "Buy for US$12.00" in text


def test_a_line_is_compared_at_what_each_renewal_costs_and_renewed_at_what_is_asked_today(as_subscriber, line):
    make.make_promotion()

    text = words(advice(as_subscriber, line))

    assert "US$40.00 for these 60 days" in text
    assert "Renew for US$16.00" in text


IMPOSSIBLE = {
    "The trip would end before it begins.": {"last": "2026-11-30"},
    "A year at most: prices and plans change.": {"last": "2028-01-01"},
    "This trip is over. Choose days to come.": {"first": "2026-11-01", "last": "2026-11-02"},
    "That is too far ahead to know any prices.": {"first": "9999-12-31", "last": "9999-12-31"},
    "Enter a valid date.": {"first": "soon"},
    "ZZ is not one of the available choices.": {"country_1": "ZZ"},
    "is not one of the available choices.": {"use": "\x00"},
}


def test_a_trip_that_can_not_be_says_why_and_keeps_what_was_typed(client):
    make.make_plan()
    pages = {sentence: client.get(reverse("plans:trip"), {**TRIP, **change}) for sentence, change in IMPOSSIBLE.items()}

    assert {page.status_code for page in pages.values()} == {200}
    assert [sentence for sentence, page in pages.items() if sentence not in words(page)] == []
    assert 'value="2026-11-01"' in pages["This trip is over. Choose days to come."].content.decode()


def test_where_none_fits_the_search_goes_into_the_request_for_help(as_subscriber):
    make.make_plan(data_bytes=GB)
    page = as_subscriber.get(reverse("plans:trip"), {**TRIP, "use": "video"}).content.decode()

    form = as_subscriber.get(re.search(r'href="(/help/tickets/new/\?[^"]*)"', page)[1].replace("&amp;", "&"))

    assert "No plan fits" in page
    assert "I did not find a plan that fits. I looked for:" in words(form)
    assert "First day: 1 Dec 2026" in words(form)
    assert "Video every day" in words(form)


def test_any_search_may_come_with_a_request_for_help(as_subscriber):
    make.make_plan()
    forms = {
        query: words(as_subscriber.get(f"{reverse('new_ticket')}?{query}"))
        for query in ("from=plans&country=Atlantis", "from=advice&country=FR", "from=trip", "from=nothing")
    }

    assert [query for query, text in forms.items() if "I looked for" not in text] == ["from=nothing"]
    assert "Country: Atlantis" in forms["from=plans&country=Atlantis"]


def test_the_front_page_names_the_plan_until_it_is_closed(as_subscriber, line, now, django_assert_num_queries):
    make.make_plan(name="Less", prices={"USD": 1500})
    before = words(as_subscriber.get(reverse("home")))
    advising.look_at_lines(now=now)
    with django_assert_num_queries(6):
        told = words(as_subscriber.get(reverse("home")))
    with django_assert_num_queries(3):
        as_subscriber.get(reverse("home"))

    close = as_subscriber.post(reverse("close_nudge", args=[line.public_id]), follow=True)

    assert "would have been" not in before
    assert "Less would have been 25% cheaper for Berlin" in told
    assert "US$30.00 for the last 60 days instead of US$40.00 with Own" in told
    assert "We will not say this again" in words(close)
    assert "would have been" not in words(as_subscriber.get(reverse("home")))


def test_a_hidden_line_and_a_plan_off_sale_are_not_spoken_of(as_subscriber, line, now):
    less = make.make_plan(name="Less", prices={"USD": 1500})
    advising.look_at_lines(now=now)
    line.hidden = True
    line.save()
    hidden = words(as_subscriber.get(reverse("home")))
    line.hidden, less.is_active = False, False
    line.save()
    less.save()

    assert PlanNudge.objects.with_something_to_say().exists()
    assert "would have been" not in hidden
    assert "would have been" not in words(as_subscriber.get(reverse("home")))
