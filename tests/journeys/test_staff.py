"""Staff put a plan on sale, and a subscriber sees it in Chinese."""

import pytest
from playwright.sync_api import expect

from plans.models import Plan
from portal.demo.people import STAFF, SUBSCRIBER
from tests.journeys.steps import sign_in

pytestmark = pytest.mark.browser
PRICES = {"USD": "12.90", "CNY": "92.00", "EUR": "11.90"}


def fill_plan(page):
    page.locator("[name=code]").fill("iceland-8gb-30day")
    page.locator("[name=name]").fill("Iceland 8 GB")
    page.locator("[name=name_zh_hans]").fill("冰岛 8 GB")
    page.get_by_role("searchbox").click()
    page.get_by_role("searchbox").fill("Iceland")
    page.get_by_role("option", name="Iceland").click()
    page.locator("[name=data_bytes]").fill("8")


def fill_prices(page):
    page.get_by_role("link", name="Prices").click()
    for row, (currency, price) in enumerate(PRICES.items()):
        page.locator(f"[name=prices-{row}-currency]").select_option(currency)
        page.locator(f"[name=prices-{row}-price]").fill(price)


def test_a_new_plan_is_on_sale_at_once_in_the_reader_s_language(page, portal):
    sign_in(page, portal, STAFF.email)
    page.goto(f"{portal}/admin/plans/plan/add/")
    fill_plan(page)
    fill_prices(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“Iceland 8 GB” was added")).to_be_visible()
    page.context.clear_cookies()

    sign_in(page, portal, SUBSCRIBER.email)
    page.locator("summary", has_text="Change the language").click()
    page.get_by_role("button", name="简体中文").click()
    page.goto(f"{portal}/plans/?q=冰岛")

    expect(page.get_by_role("main")).to_contain_text("冰岛 8 GB")
    plan = Plan.objects.get(code="iceland-8gb-30day")
    assert {price.currency: str(price.money.decimal) for price in plan.prices.all()} == PRICES
