"""The page of one line, and the small pages beside it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from billing.models import Subscription
from esim.models import DailyUsage, DownloadState, Line, LineMember, ServiceState
from portal.lib.data_size import GB, MB
from tests import make

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, nickname="Work phone", usage_reported_at=now)
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    return line


def page(client, line):
    response = client.get(reverse("line", args=[line.public_id]))
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_stranger_finds_nothing(client, stranger, line):
    client.force_login(stranger)

    assert client.get(reverse("line", args=[line.public_id])).status_code == 404


def test_who_is_removed_while_the_page_is_drawn_finds_nothing(client, stranger, line):
    make.make_member(line=line, user=stranger)
    client.force_login(stranger)

    def removing(execute, sql, *args):
        if "esim_dailyusage" in sql:
            LineMember.objects.all().delete()
        return execute(sql, *args)

    with connection.execute_wrapper(removing):
        answer = client.get(reverse("line", args=[line.public_id]))

    assert answer.status_code == 404


def test_somebody_signed_out_is_asked_to_sign_in(client, line):
    assert client.get(reverse("line", args=[line.public_id])).status_code == 302


def test_the_page_asks_the_database_the_same_few_things(as_subscriber, line, now, django_assert_max_num_queries):
    for number in range(20):
        make.make_order(owner=line.owner, line=line)
        make.make_allowance(line=line, ends_at=now + number * DAY + DAY)
    page(as_subscriber, line)

    with django_assert_max_num_queries(9):
        page(as_subscriber, line)


def test_to_look_ahead_takes_as_many_queries_however_far(as_subscriber, line, now, django_assert_max_num_queries):
    make.make_allowance(line=line)
    make.make_subscription(
        line=line, plan=make.make_plan(), charge_due_at=now + 19 * DAY, pay_from="wallet_then_method"
    )
    page(as_subscriber, line)

    with django_assert_max_num_queries(17):
        page(as_subscriber, line)


def test_what_needs_attention_stands_above_what_is_left_and_what_follows(as_subscriber, line, now):
    make.make_allowance(line=line, used_bytes=10 * GB)
    make.make_order(owner=line.owner, line=line)

    text = page(as_subscriber, line)

    order = ["The data is used up", "What is left", "What comes next", "Data used in the last 30 days", "What it consists of",
             "Recent orders", "Settings"]  # fmt: skip
    positions = [text.index(heading) for heading in order]
    assert positions == sorted(positions)


def test_what_comes_next_is_led_by_its_dates(as_subscriber, line, now):
    plan = make.make_plan()
    make.make_allowance(line=line, plan=plan)
    make.make_subscription(line=line, plan=plan, charge_due_at=now + 19 * DAY)

    ahead = page(as_subscriber, line).partition("If you do nothing:")[2]

    assert "10 Dec 2026, 10:00 · in 19 days US$14.90 is charged Paid from" in ahead


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "We ask you on"),
        ({"asked_index": 1}, "We asked you whether to renew"),
        ({"asked_index": 1, "approved_index": 1}, "You said yes, so it is renewed before that"),
    ],
    ids=["before", "asked", "yes"],
)
def test_who_is_asked_first_reads_that_instead_of_no_renewal(as_subscriber, line, now, answers, sentence):
    plan = make.make_plan()
    make.make_allowance(line=line, plan=plan, ends_at=now + 2 * DAY)
    make.make_subscription(line=line, plan=plan, mode="ask", period_index=1, charge_due_at=now + DAY, **answers)

    shown = page(as_subscriber, line)

    assert sentence in shown
    assert "does not renew by itself" not in shown


def test_a_renewal_that_a_new_price_prevents_is_not_promised(as_subscriber, line, now):
    plan = make.make_plan()
    make.make_allowance(line=line, plan=plan, ends_at=now + 20 * DAY)
    make.make_subscription(line=line, plan=plan, charge_due_at=now + 19 * DAY, consent_amount=1290)

    text = page(as_subscriber, line)

    assert text.count("As things stand, it will not renew by itself") == 2, "on the card, and beside the setting"
    assert "Renews 10 Dec 2026" not in text
    assert "Next charge" not in text


def test_what_ends_first_is_listed_first(as_subscriber, line, now):
    make.make_allowance(line=line, plan=make.make_plan(name="Second plan"), ends_at=now + 20 * DAY)
    make.make_allowance(
        line=line, plan=make.make_data_pack(name="First pack"), is_data_pack=True, ends_at=now + 3 * DAY
    )
    make.make_allowance(
        line=line,
        plan=make.make_plan(name="Third plan"),
        starts_at=now + 20 * DAY,
        ends_at=now + 50 * DAY,
    )

    listed = page(as_subscriber, line).split("What it consists of")[1]

    assert listed.index("First pack") < listed.index("Second plan") < listed.index("Third plan")
    assert "What ends first is used first." in listed
    assert "from 11 Dec 2026 until 10 Jan 2027" in listed


def test_the_next_charge_is_named_beside_auto_renewal(as_subscriber, line, now):
    make.make_allowance(line=line)
    make.make_subscription(line=line, plan=make.make_plan(), charge_due_at=now + 19 * DAY)

    assert "Next charge 10 Dec 2026, US$14.90" in page(as_subscriber, line)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"line": {"service_state": ServiceState.SUSPENDED}}, "This line is suspended"),
        ({"subscription": {"state": Subscription.State.PAST_DUE}}, "US$14.90 was declined, and nothing was taken."),
        ({"allowance": {"ends_in": -1}}, "There has been no data since 20 Nov 2026."),
        ({"allowance": {"used_bytes": 10 * GB}}, "nothing extra is ever charged"),
        ({"allowance": {"ends_in": 1}}, "The plan ends tomorrow"),
        ({"allowance": {"used_bytes": 8500 * MB}}, "Only 1.5 GB of data left"),
        ({"profile": DownloadState.RELEASED}, "Not on a device yet"),
        ({"profile": DownloadState.ERROR}, "The installation failed"),
    ],
)
def test_each_trouble_says_what_why_and_what_now(as_subscriber, line, now, given, sentence):
    type(line).objects.filter(pk=line.pk).update(**given.get("line", {"hidden": False}))
    line.profiles.update(download_state=given.get("profile", DownloadState.ENABLED))
    allowance = given.get("allowance", {})
    make.make_allowance(
        line=line, used_bytes=allowance.get("used_bytes", 0), ends_at=now + allowance.get("ends_in", 20) * DAY
    )
    make.make_subscription(line=line, plan=make.make_plan(), **given.get("subscription", {"mode": "off"}))

    assert sentence in page(as_subscriber, line)


def test_a_line_in_order_is_left_in_peace(as_subscriber, line):
    make.make_allowance(line=line)

    response = as_subscriber.get(reverse("line", args=[line.public_id]))

    assert 'class="alert' not in response.content.decode()


def test_the_daily_cap_is_drawn_into_the_chart(as_subscriber, line, now):
    make.make_allowance(line=line, data_bytes=None, daily_cap_bytes=3 * GB, throttled_kbps=1024)
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=GB)

    assert "Daily high-speed cap" in page(as_subscriber, line)


def test_orders_of_another_line_stay_there(as_subscriber, line, subscriber):
    order = make.make_order(owner=subscriber, line=make.make_line(owner=subscriber))

    response = as_subscriber.get(reverse("line", args=[line.public_id]))

    assert order.public_id not in response.content.decode()


def test_a_new_line_without_anything_still_has_a_page(as_subscriber, subscriber):
    line = make.make_line(owner=subscriber, msisdn="", nickname="", service_state=ServiceState.PENDING)

    assert "The line is being set up" in page(as_subscriber, line)


def test_help_is_open_to_everybody_and_names_the_channels(client, db, settings):
    settings.PORTAL_SUPPORT_PHONE = "+49 30 1234567"

    text = client.get(reverse("help")).content.decode()

    assert settings.PORTAL_SUPPORT_EMAIL in text
    assert 'href="tel:+49301234567"' in text


def test_the_hue_of_the_brand_is_one_rule_and_cached(client, db, settings):
    settings.PORTAL_BRAND_HUE = 145

    response = client.get(reverse("brand_css"))

    assert response.content == b":root{--brand-hue:145}"
    assert response["Content-Type"] == "text/css"
    assert "max-age=3600" in response["Cache-Control"]


def test_the_style_page_is_for_the_demo(client, db, settings):
    assert client.get(reverse("style")).status_code == 200

    settings.PLAYGROUND = False

    assert client.get(reverse("style")).status_code == 404


def test_a_line_that_has_ended_says_so_and_nothing_about_what_is_left(as_subscriber, line):
    Line.objects.update(service_state=ServiceState.TERMINATED)

    text = page(as_subscriber, line)

    assert "This line has ended" in text
    assert "What is left" not in text
    assert "Data used in the last 30 days" not in text
