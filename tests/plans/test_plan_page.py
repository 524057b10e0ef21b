"""The page of one plan, and the preview of one that is not on sale."""

from datetime import timedelta

import pytest
import time_machine

from portal.lib.data_size import GB
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


def page_of(client, plan, query=""):
    return client.get(f"/plans/{plan.public_id}/{query}")


def text_of(response):
    return " ".join(response.content.decode().replace("\xa0", " ").split())


def test_plan_page_tells_everything(client):
    plan = make.make_plan(
        prices={"USD": 1490, "JPY": 2200},
        countries=["FR", "DE", "IT", "CH"],
        daily_cap_bytes=GB,
        throttled_kbps=512,
        voice_minutes=100,
        fair_use="No tethering of whole offices.",
    )

    page = text_of(page_of(client, plan))

    for fact in ("10 GB", "30 days", "Germany", "Switzerland", "512 kbit/s", "100", "US$14.90", "JP¥2,200"):
        assert fact in page
    assert "No tethering of whole offices." in page
    assert "Works in 4 countries" in page
    assert "Buy for US$14.90" in page


@pytest.mark.parametrize("window", [{"is_active": False}, {"starts_in": 1}, {"ended": True}])
def test_plan_not_on_sale_is_for_staff_only(client, staff, now, window):
    fields = {"is_active": window.get("is_active", True)}
    if "starts_in" in window:
        fields["active_from"] = now + timedelta(days=window["starts_in"])
    if "ended" in window:
        fields["active_until"] = now
    plan = make.make_plan(**fields)

    public = page_of(client, plan)
    client.force_login(staff)
    preview = page_of(client, plan)

    assert public.status_code == 404
    assert preview.status_code == 200
    assert "Only staff see this page." in text_of(preview)
    assert "Buy for" not in text_of(preview)


def test_stranger_to_staff_gets_404_too(as_subscriber):
    plan = make.make_plan(is_active=False)

    assert page_of(as_subscriber, plan).status_code == 404


def test_unknown_plan_is_404(client):
    assert client.get("/plans/pln_0123456789abcdef/").status_code == 404


def test_price_that_begins_later_is_not_shown(client, now):
    plan = make.make_plan(prices={"USD": 1490})
    plan.prices.create(currency="USD", amount=990, valid_from=now + timedelta(days=1))

    assert "US$9.90" not in text_of(page_of(client, plan))


def test_currency_of_the_address_rules(client):
    plan = make.make_plan(prices={"USD": 1490, "EUR": 1390})

    page = text_of(page_of(client, plan, "?currency=EUR"))

    assert "Buy for €13.90" in page


def test_data_pack_leads_to_the_lines(client):
    page = text_of(page_of(client, make.make_data_pack()))

    assert "Choose a line" in page
    assert "Buy for" not in page


@pytest.mark.parametrize("prices", [{"USD": 1490}, {"USD": 1490, "EUR": 1390, "CNY": 9800}])
def test_plan_page_costs_the_same_for_one_price_and_three(client, django_assert_num_queries, prices):
    plan = make.make_plan(prices=prices)
    client.get("/plans/")

    with django_assert_num_queries(2):
        page_of(client, plan)
