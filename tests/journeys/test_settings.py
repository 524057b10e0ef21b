"""When notices may come, and the calendar that others may subscribe to as long as its owner likes."""

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from tests.journeys.renewing import DAY

pytestmark = pytest.mark.browser


def test_quiet_hours_say_what_is_wrong_and_keep_what_was_written(page, renewing):
    page.goto(f"{renewing.portal}/settings/")
    page.get_by_label("Name").first.fill("Ada Quiet")
    page.locator("[name=quiet_from]").fill("23:15")
    page.locator("[name=quiet_until]").fill("")
    page.get_by_role("button", name="Save settings").click()

    expect(page.get_by_role("alert")).to_contain_text("Nothing is saved yet")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    expect(page.locator("[name=quiet_from]")).to_have_value("23:15")
    expect(page.get_by_label("Name").first).to_have_value("Ada Quiet")
    page.locator("[name=quiet_until]").fill("07:30")
    page.get_by_role("button", name="Save settings").click()

    expect(page.get_by_role("alert")).to_have_count(0)
    renewing.owner.refresh_from_db()
    assert f"{renewing.owner.quiet_from:%H:%M}-{renewing.owner.quiet_until:%H:%M}" == "23:15-07:30"


def test_the_calendar_s_address_is_copied_and_replaced(page, renewing):
    renewing.runs(ends_in=9 * DAY)
    renewing.subscribed(ends_in=9 * DAY, due_in=8 * DAY)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{renewing.portal}/settings/")
    page.locator("#calendar").get_by_role("button", name="Copy").click()
    expect(page.locator("#calendar")).to_contain_text("Copied")
    old = page.evaluate("navigator.clipboard.readText()")
    assert old == page.locator("#calendar-address").inner_text()
    assert "Work phone" in page.request.get(old).text()

    page.get_by_role("button", name="Make a new link").click()
    expect(page.locator("#calendar-address")).not_to_have_text(old)
    new = page.locator("#calendar-address").inner_text()

    assert page.request.get(old).status == 404
    answer = page.request.get(new)
    assert answer.headers["content-type"].startswith("text/calendar")
    moments = [str(event["summary"]) for event in Calendar.from_ical(answer.body()).walk("VEVENT")]
    assert len(moments) == 2
    assert any("US$14.90" in moment for moment in moments)
