import pytest
from playwright.sync_api import expect

from portal.demo.people import PASSWORD, SUBSCRIBER

pytestmark = pytest.mark.browser


def tab_to(page, name):
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def test_subscriber_signs_in_and_sees_four_lines(signed_in):
    lines = signed_in.get_by_role("article")

    expect(lines).to_have_count(4)
    # What needs attention comes first.
    expect(lines.first).to_contain_text("Work phone")
    expect(lines.first.get_by_role("link", name="Renew")).to_be_visible()


def test_signing_in_takes_no_mouse(page, portal):
    page.goto(portal)

    if page.evaluate("document.activeElement.name") != "login":
        tab_to(page, "login")
    page.keyboard.type(SUBSCRIBER.email)
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{portal}/")
    tab_to(page, "Skip to content")
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


def test_a_wrong_password_is_said_and_the_name_is_kept(page, portal):
    page.goto(f"{portal}/accounts/login/")
    page.get_by_label("E-mail or mobile number").fill(SUBSCRIBER.email)
    page.get_by_label("Password", exact=True).fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_label("E-mail or mobile number")).to_have_value(SUBSCRIBER.email)
    expect(page.get_by_role("main")).to_contain_text("do not belong together")


def test_the_language_is_switched_by_a_form_and_stays(signed_in, portal):
    signed_in.locator("summary", has_text="Change the language").click()
    signed_in.get_by_role("button", name="简体中文").click()

    expect(signed_in.locator("html")).to_have_attribute("lang", "zh-hans")
    signed_in.goto(f"{portal}/plans/")
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("套餐")
