"""Staff read and decide on a phone as well: nothing is cut off, and no button lies below the edge."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from billing.models import Charge, GatewayEvent
from plans.models import Plan
from portal.demo.people import STAFF
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import too_wide

pytestmark = pytest.mark.browser
LONG = "Konstantinopolitanischerdudelsackpfeifergeselle"


@pytest.fixture
def phone(page, portal):
    """The browser of staff, on a phone whose keyboard is not open."""
    page.set_viewport_size({"width": 390, "height": 664})
    enter(page, portal, User.objects.get(email=STAFF.email))
    return page


def test_no_page_of_a_row_scrolls_sideways_over_a_long_word(phone, portal, now):
    person = User.objects.create_user(f"{LONG}@{LONG}.example.com", full_name=LONG)
    event = GatewayEvent.objects.create(gateway="sandbox", event_id=LONG * 3, kind="x", payload={"id": LONG * 5})
    charge = Charge.objects.filter(state="succeeded").latest("pk")
    plan = Plan.objects.get(code="europe-20gb-30day")
    rows = [
        f"accounts/user/{person.pk}/change",
        f"billing/gatewayevent/{event.pk}/change",
        f"billing/order/{charge.order_id}/change",
        f"plans/plan/{plan.pk}/history",
        "accounts/user",
        "billing/order",
    ]

    assert too_wide(phone, [f"{portal}/admin/{row}/" for row in rows], widths=(390,)) == []


def test_a_dialog_that_is_higher_than_the_phone_scrolls_to_its_button(phone, portal):
    charge = Charge.objects.filter(state="succeeded", refunds=None).latest("pk")
    phone.goto(f"{portal}/admin/billing/order/{charge.order_id}/change/")
    phone.locator("#header-inner").get_by_text("more_horiz").click()
    phone.locator("[hx-get$='/refund/']:visible").click()
    dialog = phone.locator("#modal-content")
    button = dialog.get_by_role("button", name="Refund")
    button.scroll_into_view_if_needed()

    expect(button).to_be_in_viewport(ratio=1)
    expect(dialog).to_be_in_viewport(ratio=1)


def test_the_name_of_a_row_has_the_room_of_the_head(phone, portal):
    charge = Charge.objects.filter(state="succeeded").latest("pk")
    phone.goto(f"{portal}/admin/billing/order/{charge.order_id}/change/")

    expect(phone.locator("h1 > :visible")).to_have_text(charge.order.public_id)
