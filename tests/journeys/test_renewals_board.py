"""Staff stop everything that is charged by itself, say why, and let it go on."""

import pytest
from django.core.management import CommandError, call_command
from playwright.sync_api import expect

from billing.models import Charge
from tests.journeys.renewing import DAY, tick
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import complaints_in_both_themes

pytestmark = pytest.mark.browser
REASON = "The bank reports an outage"


def switch(page, portal, deed):
    page.goto(f"{portal}/admin/renewals/")
    page.get_by_text(f"{deed}…").click()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name=deed).click()


def test_all_renewals_are_paused_with_a_reason_and_go_on(page, renewing, staff):
    renewing.runs(ends_in=DAY / 2)
    renewing.subscribed(ends_in=DAY / 2)
    enter(page, renewing.portal, staff)
    switch(page, renewing.portal, "Pause all automatic charges")
    expect(page.get_by_text("Stopped: nothing is charged automatically")).to_be_visible()
    expect(page.get_by_text(REASON).first).to_be_visible()
    with pytest.raises(CommandError, match=REASON):
        call_command("renew_due", verbosity=0)

    enter(page, renewing.portal, renewing.owner)
    page.goto(renewing.url())
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead).to_contain_text("At present we charge nothing by ourselves")
    assert not Charge.objects.exists()

    enter(page, renewing.portal, staff)
    switch(page, renewing.portal, "Let charging go on")
    expect(page.get_by_text("Automatic charges are on")).to_be_visible()
    tick("renew_due")
    assert Charge.objects.count() == 1
    enter(page, renewing.portal, renewing.owner)
    page.goto(renewing.url())
    expect(ahead).not_to_contain_text("At present we charge nothing")


def test_the_board_has_no_complaints_and_fits_a_phone(page, renewing, staff):
    renewing.subscribed(ends_in=DAY)
    enter(page, renewing.portal, staff)
    board = [f"{renewing.portal}/admin/renewals/"]
    page.set_viewport_size({"width": 390, "height": 844})

    found = complaints_in_both_themes(page, board)
    # The staff site has no landmarks around its pages; that is its theme's.
    assert [one for here in found.values() for one in here if not one.startswith(("landmark-one-main", "region"))] == []
