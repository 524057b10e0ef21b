"""Auto-renewal as its owner sees it: what comes next is said before, and done once."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.models import AuditEvent
from billing.dunning import LADDER
from billing.models import Charge, Order, RenewalQuestion, Subscription
from portal.lib.dates import format_moment
from tests.journeys.renewing import DAY, keep_card, tick
from tests.journeys.steps import prove_again
from tests.make import PASSWORD

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def asked(renewing):
    """Two days before the end; the question is in the outbox."""
    renewing.runs(ends_in=2 * DAY)
    subscription = renewing.subscribed(ends_in=2 * DAY, mode=Subscription.Mode.ASK)
    tick("renew_due")
    subscription.refresh_from_db()
    return subscription


def agree(page, button):
    """Give the password where it is asked for, tick the consent and press the button."""
    page.get_by_role("button", name="Continue").click()
    if "reauthenticate" in page.url:
        prove_again(page, PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=button).click()


def open_letter(page, portal):
    """Sign out and open the link in the question's letter."""
    page.context.clear_cookies()
    page.goto(f"{portal}/outbox/")
    page.get_by_role("article").get_by_role("link", name=re.compile("renewals")).first.click()
    page.wait_for_url(re.compile("/renewals/"))


def test_turned_on_with_a_second_card_and_limits_it_says_what_comes_and_charges_once(page, renewing):
    page.set_viewport_size(PHONE)
    running, _cards = renewing.runs(ends_in=5 * DAY), (renewing.card, keep_card(renewing.owner, "4444"))
    page.goto(renewing.url())
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead).to_contain_text("The paid time ends")
    ahead.get_by_role("link", name="Turn on auto-renewal").click()

    page.get_by_role("radio", name="By itself").check()
    page.get_by_label("If that card is declined").select_option("Mastercard 4444")
    page.get_by_text("Limits for a month").click()
    page.get_by_label("Renewals a month, at most").fill("2")
    page.get_by_label("Money a month, at most").fill("40")
    agree(page, "Agree: US$14.90 each time")
    expect(page.get_by_role("status")).to_contain_text("Auto-renewal is on")
    expect(page.get_by_role("main")).to_contain_text("US$40.00")

    page.goto(renewing.url())
    expect(ahead).to_contain_text("US$14.90 is charged")
    expect(ahead).to_contain_text("Paid from: Visa 4242")
    expect(ahead).to_contain_text("If the bank says no, Mastercard 4444 is tried at once")
    expect(ahead).to_contain_text("No day is lost")
    expect(ahead).to_contain_text("You can change or stop this until")

    tick("renew_due", running.ends_at - DAY)
    tick("renew_due", running.ends_at)

    assert Charge.objects.count() == 1
    assert Order.objects.get().ends_at == running.ends_at + 30 * DAY
    page.reload()
    page.get_by_role("region", name="Recent orders").get_by_role("link", name=re.compile("Renewal")).click()
    page.get_by_role("link", name="Why was I charged?").click()
    expect(page.get_by_role("main")).to_contain_text("Auto-renewal of Work phone")
    expect(page.get_by_role("region", name="What you agreed to")).to_contain_text("US$14.90")


def test_asked_first_the_letter_s_link_works_signed_out_and_a_yes_charges_once(page, renewing):
    running = renewing.runs(ends_in=2 * DAY)
    renewing.subscribed(ends_in=2 * DAY, due_in=DAY)
    page.goto(renewing.url("auto-renewal/"))
    page.get_by_text("Change plan, card or limits").click()
    page.get_by_role("radio", name="Ask me first").check()
    agree(page, re.compile("^Agree: ask me"))
    expect(page.get_by_role("status")).to_contain_text("We ask you first")
    tick("renew_due")
    page.goto(renewing.url())
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead.get_by_role("link", name="Answer now")).to_be_visible()

    before = list(Subscription.objects.values()), AuditEvent.objects.count()
    open_letter(page, renewing.portal)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Renew Work phone for US$14.90?")
    tick("renew_due")
    assert (list(Subscription.objects.values()), AuditEvent.objects.count()) == before
    assert RenewalQuestion.objects.get().answer == ""

    page.get_by_role("button", name="Renew for US$14.90").click()
    expect(page.get_by_role("main")).to_contain_text("You said yes to US$14.90")
    tick("renew_due")

    page.reload()
    expect(page.get_by_role("main")).to_contain_text("the line is renewed until")
    expect(page.get_by_role("button", name=re.compile("^Renew for"))).to_have_count(0)
    assert Charge.objects.count() == 1
    assert Order.objects.get().ends_at == running.ends_at + 30 * DAY


@pytest.mark.parametrize(
    ("button", "says"),
    [("Skip this time", "You skipped this renewal"), ("Turn auto-renewal off", "Auto-renewal is off")],
)
def test_a_question_is_skipped_or_ends_auto_renewal_and_nothing_is_charged(page, renewing, asked, button, says):
    open_letter(page, renewing.portal)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name=says)).to_be_visible()

    tick("renew_due")
    tick("renew_due", renewing.now + 2 * DAY + timedelta(minutes=1))

    assert not Charge.objects.exists()
    asked.refresh_from_db()
    assert (asked.mode == Subscription.Mode.OFF) == (button == "Turn auto-renewal off")


def test_a_declined_renewal_shows_its_ladder_and_a_new_card_pays_at_once(page, renewing):
    page.set_viewport_size(PHONE)
    renewing.runs(ends_in=DAY)
    refusing = keep_card(renewing.owner, "0341", is_default=True)
    subscription = renewing.subscribed(ends_in=DAY, method=refusing)
    tick("renew_due")

    page.goto(renewing.url())
    expect(page.get_by_role("main")).to_contain_text("The renewal could not be charged")
    ahead = page.get_by_role("region", name="What comes next")
    expect(ahead).to_contain_text("We try again to charge US$14.90")
    expect(ahead).to_contain_text("Another try")
    expect(ahead).to_contain_text("The line is suspended")
    page.goto(renewing.url("auto-renewal/"))
    ladder = page.get_by_role("main").locator("h3:text('When we try again') + ol li")
    subscription.refresh_from_db()
    refused_at = (subscription.charge_due_at - LADDER[0]).astimezone(renewing.owner.zone)
    expect(ladder).to_contain_text([format_moment(refused_at + rung, "en") for rung in LADDER])
    expect(ladder.last).to_contain_text("for the last time")

    page.get_by_role("link", name="Add a card").click()
    page.get_by_role("button", name="Add a card").click()
    page.get_by_role("radio", name=re.compile("7726")).check()
    page.get_by_role("button", name="Save this card").click()
    offer = page.locator("section").filter(has_text="Use Visa 7726 for auto-renewal of Work phone")
    offer.get_by_role("checkbox").check()
    offer.get_by_role("button", name=re.compile("^Agree: US.14.90 with Visa 7726")).click()
    prove_again(page, PASSWORD)
    expect(page.get_by_role("status")).to_contain_text("paid within the next minutes")
    call_command("retry_declined", verbosity=0)
    tick("renew_due")

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.ACTIVE
    assert list(Charge.objects.order_by("pk").values_list("state", flat=True)) == ["declined", "succeeded"]
    page.goto(renewing.url())
    expect(ahead).to_contain_text("US$14.90 is charged")


def test_a_suspended_line_is_paid_for_and_back_in_service(page, renewing):
    renewing.runs(ends_in=-10 * DAY)
    renewing.subscribed(
        ends_in=-10 * DAY,
        state=Subscription.State.PAUSED,
        reason="declined:insufficient_funds",
        declines=6,
        suspend_due_at=renewing.now,
    )
    tick("suspend_unpaid")
    page.goto(renewing.url())
    expect(page.get_by_role("main")).to_contain_text("Suspended until it is renewed")
    expect(page.get_by_role("region", name="Settings")).to_contain_text("Paused")

    page.get_by_role("main").get_by_role("link", name=re.compile("^Renew")).first.click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name="4242").check()
    page.get_by_role("button", name="Renew for US$14.90").click()
    page.get_by_role("heading", name="Progress").wait_for()
    page.goto(renewing.url())

    expect(page.get_by_role("main")).not_to_contain_text("Suspended")
    expect(page.get_by_role("main")).to_contain_text("10 GB")
    renewing.line.refresh_from_db()
    assert renewing.line.service_state == "active"
