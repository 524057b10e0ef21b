"""Staff decide without a mouse: dialogs and menus take the focus, say what they are, and give the focus back."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from billing.models import Charge
from portal.demo.people import STAFF
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import complaints

pytestmark = pytest.mark.browser
NAMES = {"runOnly": {"type": "rule", "values": ["aria-dialog-name", "aria-command-name", "label"]}}
FOCUSED = "document.activeElement"
IS_INSIDE = "document.getElementById('modal-content').contains(document.activeElement)"


@pytest.fixture
def refund(page, portal):
    """The button that opens the dialog of a refund, on the page of an order."""
    page.set_viewport_size({"width": 1280, "height": 900})
    enter(page, portal, User.objects.get(email=STAFF.email))
    charge = Charge.objects.filter(state="succeeded", refunds=None).latest("pk")
    page.goto(f"{portal}/admin/billing/order/{charge.order_id}/change/")
    return page.locator("[hx-get$='/refund/']:visible")


@pytest.fixture
def dialog(page, refund):
    """The dialog, opened by the keyboard."""
    refund.focus()
    page.keyboard.press("Enter")
    found = page.get_by_role("dialog", name="Give money back?")
    expect(found).to_be_visible()
    page.wait_for_function(IS_INSIDE)
    return found


def test_a_dialog_says_what_it_is_and_takes_the_focus(page, dialog):
    assert page.evaluate(f"{FOCUSED}.matches('input, select, textarea')")
    assert complaints(page, NAMES) == []


def test_the_tab_key_never_leaves_it(page, dialog):
    for key in ("Tab", "Shift+Tab"):
        seen = set()
        for _ in range(20):
            page.keyboard.press(key)
            assert page.evaluate(IS_INSIDE), f"{key} left after {seen}"
            seen.add(page.evaluate(f"{FOCUSED}.outerHTML.slice(0, 200)"))
        assert len(seen) > 3, "it stood still"


def test_escape_leads_back_to_the_button(page, dialog, refund):
    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(refund).to_be_focused()


@pytest.mark.parametrize("role", ["button", "link"])
def test_its_cross_and_its_cancel_lead_back_to_the_button(page, dialog, refund, role):
    dialog.get_by_role(role, name="Cancel").focus()
    page.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    expect(refund).to_be_focused()


@pytest.fixture
def on_a_phone(page, portal):
    """The page of an order where the menu of the site is folded away."""
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, portal, User.objects.get(email=STAFF.email))
    page.goto(f"{portal}/admin/billing/order/{Charge.objects.latest('pk').order_id}/change/")


def test_the_folded_menu_opens_and_closes_without_a_mouse(page, on_a_phone):
    page.keyboard.press("Tab")
    menu = page.locator(":focus")
    expect(menu).to_have_accessible_name("Menu")

    page.keyboard.press("Enter")

    plans = page.get_by_role("link", name="Plans", exact=True)
    expect(plans).to_be_visible()
    assert page.evaluate(f"document.getElementById('nav-sidebar').contains({FOCUSED})")
    expect(page.locator(":focus")).to_have_attribute("aria-expanded", "true")

    page.keyboard.press("Enter")

    expect(plans).to_be_hidden()
    expect(menu).to_have_accessible_name("Menu")
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_what_is_shown_as_an_icon_is_read_out_as_words(page, on_a_phone):
    expect(page.get_by_role("button", name="More actions")).to_be_visible()
    expect(page.get_by_role("link", name="Go back")).to_be_visible()
