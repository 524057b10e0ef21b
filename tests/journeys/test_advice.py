"""Finding the plan that fits, for a trip and for a line, in a browser that runs no script."""

import pytest
from playwright.sync_api import expect

from plans import announcements

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(java_script_enabled=False)]


def test_a_visitor_plans_a_trip_and_closes_the_banner(page, portal):
    # What this process knew before the demo was told it would know for two seconds more.
    announcements.forget()
    announcements.at_hand.clear()
    page.goto(f"{portal}/plans/")
    page.get_by_role("button", name="Close “Slower data in Berlin on Sunday night”").click()
    page.get_by_role("link", name="Tell us about your trip").click()
    expect(page.get_by_label("Another country")).to_be_hidden()
    page.get_by_label("Country", exact=True).select_option("Japan")
    page.get_by_label("Web, mail and social media").check()
    page.get_by_role("button", name="Compare plans").click()

    expect(page.get_by_role("main")).to_contain_text("Japan: 7 days, about 7 GB in all.")
    expect(page.get_by_role("article").first.get_by_role("link", name="Buy for")).to_be_visible()
    expect(page.get_by_role("complementary", name="Slower data in Berlin")).to_have_count(0)


def test_on_a_phone_what_was_found_comes_before_the_form(page, portal):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{portal}/advice/trip/")
    page.get_by_label("Country", exact=True).select_option("France")
    page.get_by_text("More countries").click()
    page.get_by_label("Another country").select_option("Germany")
    page.get_by_role("button", name="Compare plans").click()

    expect(page.get_by_role("article").first.get_by_role("link", name="Buy for")).to_be_visible()
    expect(page.get_by_role("button", name="Compare plans")).to_be_hidden()
    page.get_by_text("Your trip").click()
    expect(page.get_by_label("Another country")).to_have_value("DE")


def test_the_sentence_on_the_front_page_leads_to_its_arithmetic_and_goes_away(signed_in, portal):
    signed_in.goto(portal)
    signed_in.get_by_role("link", name="See how").click()
    signed_in.get_by_role("article").first.get_by_text("How it is worked out").click()
    signed_in.get_by_role("link", name="Period by period Europe 60 GB").click()

    expect(signed_in.get_by_role("table")).to_contain_text("of 90 days")
    signed_in.goto(portal)
    signed_in.get_by_role("button", name="Don’t tell me again").click()
    expect(signed_in.get_by_role("main")).to_contain_text("We will not say this again")
    expect(signed_in.get_by_role("link", name="See how")).to_have_count(0)
