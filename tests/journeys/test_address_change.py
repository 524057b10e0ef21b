"""Somebody lost mailbox and number: two of the staff agree, and whoever has the old mailbox can stop it."""

import pytest
from playwright.sync_api import expect

from accounts import address_change_links
from accounts.models import AddressChange, User
from portal.demo.people import STAFF, SUBSCRIBER
from tests import make
from tests.journeys.steps import enter, sign_in

pytestmark = pytest.mark.browser


def test_two_of_the_staff_agree_and_the_old_mailbox_stops_it(page, portal):
    second = make.make_user(is_staff=True, is_superuser=True)
    subscriber = User.objects.get(email=SUBSCRIBER.email)
    sign_in(page, portal, STAFF.email)
    page.goto(f"{portal}/admin/accounts/user/{subscriber.pk}/change/")
    page.get_by_role("link", name="Change the address…").click()
    page.locator("[name=address]").fill("ada@new.example")
    page.locator("[name=reason]").fill("Passport seen in the shop")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("Somebody else has to approve it now.")).to_be_visible()
    change = AddressChange.objects.get()

    page.context.clear_cookies()
    enter(page, portal, second)
    page.goto(f"{portal}/admin/")
    page.get_by_role("link", name="Changes of address that wait for a second person").click()
    page.get_by_role("link", name=change.public_id).click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Done. It is in the audit trail.")).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"{portal}{address_change_links.stopping_path(change)}")
    page.get_by_role("button", name="Stop it: it was not me").click()

    expect(page.get_by_role("heading", name="Nothing is changed")).to_be_visible()
    change.refresh_from_db()
    assert change.state == "stopped"
