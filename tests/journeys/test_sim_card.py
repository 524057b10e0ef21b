"""A SIM card that was applied for: found at an outlet, picked up, activated and tested."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from esim import delivery
from esim.models import Line, SimApplication
from portal.demo.giving_out import PIN
from tests.journeys.steps import prove_again
from tests.journeys.test_accessibility import complaints_in_both_themes, too_wide

pytestmark = pytest.mark.browser


def test_a_card_is_picked_up_activated_and_tested(signed_in, portal):
    page = signed_in
    ready = SimApplication.objects.get(state="ready")
    page.goto(f"{portal}/sim/applications/{ready.public_id}/")
    page.get_by_role("link", name="Show the pick-up code").click()
    prove_again(page)
    expect(page.get_by_text(ready.pickup_code)).to_be_visible()
    assert complaints_in_both_themes(page, [page.url]) == {}

    staff = User.objects.get(email="staff@example.com")
    found = delivery.find_by_code(code=ready.pickup_code.lower(), staff=staff, ip=None, now=timezone.now())
    delivery.hand_over(application=found, staff=staff, ip=None, now=timezone.now())
    page.goto(f"{portal}/sim/applications/{ready.public_id}/")
    page.get_by_role("link", name="Activate the card").click()
    page.get_by_label("Card number (ICCID)").fill(ready.card.iccid)
    page.get_by_label("PIN of the card").fill(PIN)
    page.get_by_role("button", name="Add the card").click()
    expect(page.get_by_text("The card is yours now")).to_be_visible()

    line = Line.objects.get(profiles__iccid=ready.card.iccid)
    page.goto(f"{portal}/sim/applications/{ready.public_id}/")
    page.get_by_role("link", name="Test the line").click()
    page.get_by_role("region", name="Network").get_by_label("Works").check()
    page.get_by_role("region", name="Data").get_by_label("Does not work").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Compare the access point")).to_be_visible()
    page.get_by_label("What else do you see?").fill("Nothing loads.")
    page.get_by_role("button", name="Send the results to support").click()
    expect(page.get_by_text("Data: does not work")).to_be_visible()
    assert line.form == "physical"


def test_outlets_are_found_by_the_position_of_the_device(page, portal):
    page.context.grant_permissions(["geolocation"], origin=portal)
    page.context.set_geolocation({"latitude": 52.5219, "longitude": 13.4132})
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{portal}/outlets/")
    page.get_by_role("button", name="Use my position").click()

    expect(page.get_by_role("article").first).to_contain_text("Alexanderplatz")
    assert page.url == f"{portal}/outlets/"
    page.get_by_role("link", name="Alexanderplatz").click()
    assert complaints_in_both_themes(page, [page.url]) == {}
    assert too_wide(page, [page.url, f"{portal}/outlets/"], widths=(390,)) == []
