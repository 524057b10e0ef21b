"""What lets money move, and asking for help, work in a browser that runs no script."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Ticket
from billing.models import Charge, Order, Subscription, TopUpRule
from tests import make
from tests.journeys.renewing import DAY, tick
from tests.journeys.steps import prove_again
from tests.make import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(java_script_enabled=False)]


def test_a_question_is_answered(page, renewing):
    running = renewing.runs(ends_in=2 * DAY)
    renewing.subscribed(ends_in=2 * DAY, mode=Subscription.Mode.ASK)
    tick("renew_due")
    page.goto(renewing.url())
    page.get_by_role("link", name="Answer now").click()
    page.get_by_role("button", name="Renew for US$14.90").click()
    tick("renew_due")
    page.reload()

    expect(page.get_by_role("main")).to_contain_text("the line is renewed until")
    assert Charge.objects.count() == 1
    assert Order.objects.get().ends_at == running.ends_at + 30 * DAY


def test_a_rule_for_low_data_is_set_and_turned_off(page, renewing):
    make.make_data_pack()
    renewing.runs(ends_in=20 * DAY, used_gb=9)
    page.goto(f"{renewing.portal}/billing/methods/")
    page.get_by_role("button", name="Add a card").click()
    page.get_by_role("radio", name=re.compile("4242")).check()
    page.get_by_role("button", name="Save this card").click()
    page.goto(renewing.url("low-data/"))
    page.get_by_role("button", name="Continue").click()
    prove_again(page, PASSWORD)
    page.get_by_role("button", name="Agree: US$6.00 each time").click()
    expect(page.get_by_role("checkbox")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Agree: US$6.00 each time").click()
    expect(page.get_by_role("status")).to_contain_text("Turned on.")
    tick("top_up_low")

    assert Order.objects.get().state == Order.State.FULFILLED
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("1 of 3 times")
    page.get_by_role("link", name="Turn off").click()
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Turn off")).to_have_count(0)
    assert not TopUpRule.objects.get().is_on


def test_help_is_asked_for_and_the_request_closed(page, renewing):
    page.goto(renewing.url())
    page.get_by_role("link", name="Ask for help with this line").click()
    page.get_by_label("Your message").fill("")
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.get_by_label("Your message").fill("No data since noon.")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("region", name="Conversation")).to_contain_text("No data since noon.")
    expect(page.get_by_role("region", name="It is about")).to_contain_text("Work phone")

    page.get_by_label("Your message").fill("It is back.")
    page.get_by_role("button", name="Send the message").click()
    page.get_by_role("button", name=re.compile("close the request")).click()
    expect(page.get_by_role("button", name=re.compile("close the request"))).to_have_count(0)
    assert Ticket.objects.get().state == Ticket.State.CLOSED
