"""Somebody is let into a line, and somebody without an account pays for it: as they go through it."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import OutboxMessage
from accounts.notifications import deliver_due
from esim.models import Line
from portal.demo.people import PASSWORD, STRANGER
from tests.journeys.steps import prove_again

pytestmark = pytest.mark.browser


def address_of(nickname):
    return f"/lines/{Line.objects.get(nickname=nickname).public_id}/"


def link_in_the_letter_to(email):
    deliver_due(now=timezone.now())
    body = OutboxMessage.objects.filter(recipient=email).latest("created_at").body
    return re.search(r"/(?:join|take)/\S+", body)[0]


def test_somebody_is_invited_and_sees_the_line(signed_in, portal, browser):
    signed_in.goto(f"{portal}{address_of('Berlin')}people/")
    signed_in.get_by_label("E-mail address").fill(STRANGER.email)
    signed_in.get_by_role("button", name="Send the invitation").click()
    prove_again(signed_in)
    expect(signed_in.get_by_text(f"The invitation is on its way to {STRANGER.email}.")).to_be_visible()

    theirs = browser.new_context().new_page()
    theirs.goto(f"{portal}{link_in_the_letter_to(STRANGER.email)}")
    theirs.get_by_role("link", name="Sign in to answer").click()
    theirs.get_by_label("E-mail or mobile number").fill(STRANGER.email)
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    theirs.get_by_role("button", name="Accept").click()

    expect(theirs.get_by_role("heading", level=1)).to_have_text("Berlin")
    expect(theirs.get_by_text("Shared by Mei Lindqvist")).to_be_visible()
    expect(theirs.get_by_role("link", name=re.compile("^Renew"))).to_have_count(0)


def test_somebody_without_an_account_pays_by_a_link(signed_in, portal, browser):
    signed_in.goto(f"{portal}{address_of('Work phone')}renew/")
    signed_in.locator("main").get_by_role("button").first.click()
    signed_in.get_by_role("button", name="Ask somebody else to pay").click()
    signed_in.get_by_role("button", name="Make a link").click()
    link = signed_in.locator("#pay-link").inner_text()

    payer = browser.new_context(java_script_enabled=False).new_page()
    payer.goto(link)
    payer.get_by_role("button", name=re.compile("^Pay US")).click()
    payer.get_by_role("button", name=re.compile("^Pay US")).click()

    expect(payer.get_by_role("heading", level=1)).to_have_text("Paid. Thank you.")
