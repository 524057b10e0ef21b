"""Renewing a line: paid, declined and paid another way."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from billing.models import Charge, Order
from esim.models import Line
from tests.journeys.steps import await_confirmed

pytestmark = pytest.mark.browser


def ends_of(nickname):
    return max(Line.objects.get(nickname=nickname).allowances.values_list("ends_at", flat=True))


def renew(page, nickname):
    """Go from the dashboard to the check page of a renewal."""
    page.get_by_role("article", name=nickname).get_by_role("link", name="Renew").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("plan="))


def pay_on_page(page, card):
    page.wait_for_url(re.compile("/sandbox/pay/"))
    page.get_by_role("radio", name=re.compile(card)).check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url(re.compile("/orders/"))


def test_renewing_with_a_test_card_moves_the_validity(signed_in):
    before = ends_of("Work phone")
    renew(signed_in, "Work phone")
    signed_in.get_by_role("radio", name="Another card").check()
    signed_in.get_by_role("button", name=re.compile("^Renew for")).click()
    pay_on_page(signed_in, "4242")

    await_confirmed(signed_in)
    assert ends_of("Work phone") == before + timedelta(days=30)
    assert Order.objects.latest("created_at").state == Order.State.FULFILLED


def test_a_kept_card_renews_without_leaving_the_portal(signed_in):
    renew(signed_in, "Berlin")
    signed_in.get_by_role("button", name=re.compile("^Renew for")).click()

    await_confirmed(signed_in)


def test_a_declined_card_is_explained_and_another_way_pays(signed_in):
    renew(signed_in, "Work phone")
    signed_in.get_by_role("radio", name="Another card").check()
    signed_in.get_by_role("button", name=re.compile("^Renew for")).click()
    pay_on_page(signed_in, "9995")

    expect(signed_in.get_by_role("main")).to_contain_text("declined the card: not enough funds")
    expect(signed_in.get_by_role("main")).to_contain_text("Nothing was charged")
    signed_in.get_by_role("button", name=re.compile("^Pay ")).click()

    await_confirmed(signed_in)
    order = Order.objects.latest("created_at")
    assert [charge.state for charge in order.charges.order_by("pk")] == [
        Charge.State.DECLINED,
        Charge.State.SUCCEEDED,
    ]


def test_leaving_the_payment_page_loses_nothing(signed_in):
    renew(signed_in, "Work phone")
    signed_in.get_by_role("radio", name="Another card").check()
    signed_in.get_by_role("button", name=re.compile("^Renew for")).click()
    signed_in.wait_for_url(re.compile("/sandbox/pay/"))
    signed_in.get_by_role("button", name="Go back without paying").click()

    signed_in.wait_for_url(re.compile("/orders/"))
    expect(signed_in.get_by_role("button", name=re.compile("^Pay "))).to_be_visible()
