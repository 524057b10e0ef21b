"""A promotion seen in the catalogue and a coupon typed without script, down to the order that both made cheaper."""

import re

import pytest
from playwright.sync_api import expect

from billing.models import Redemption
from portal.demo.people import SUBSCRIBER
from portal.demo.special_offers import PUBLIC_CODE
from tests.journeys.steps import sign_in
from tests.journeys.test_accessibility import complaints

pytestmark = pytest.mark.browser


def test_a_promotion_and_a_coupon_make_a_new_line_cheaper(browser, portal):
    context = browser.new_context(java_script_enabled=False, locale="en-GB", bypass_csp=True)
    page = context.new_page()
    sign_in(page, portal, SUBSCRIBER.email)

    page.goto(f"{portal}/plans/?region=oceania")
    offer = page.get_by_role("article").filter(has_text="12 GB")
    expect(offer).to_contain_text("Before: US$19.90 Now: US$15.92")
    offer.get_by_role("link", name="Buy for US$15.92").click()

    page.get_by_label("Name of the line").fill("Down under")
    page.get_by_label("Coupon code").fill("nothing-like-it")
    page.get_by_label("Coupon code").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("We know no such code")
    page.get_by_label("Coupon code").fill(PUBLIC_CODE.lower())
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Name of the line")).to_have_value("Down under")
    expect(page.get_by_role("main")).to_contain_text("−US$3.98")

    page.get_by_role("button", name="Buy for US$14.33").click()
    page.wait_for_url(re.compile("/orders/"))
    expect(page.get_by_role("main")).to_contain_text(f"Coupon {PUBLIC_CODE}")
    expect(page.get_by_role("main")).to_contain_text("US$14.33")
    assert Redemption.objects.filter(order__nickname="Down under").count() == 2
    context.close()


def test_axe_finds_nothing_where_a_code_was_refused(signed_in, portal):
    signed_in.goto(f"{portal}/plans/?region=oceania")
    signed_in.get_by_role("link", name="Buy for US$15.92").click()
    signed_in.get_by_label("Coupon code").fill("nothing-like-it")
    signed_in.get_by_role("button", name="Apply").click()
    expect(signed_in.get_by_label("Coupon code")).to_have_attribute("aria-invalid", "true")

    assert complaints(signed_in) == []
