"""Checking a device before it is paid for, and a confirmation code that comes by another way."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import OutboxMessage
from accounts.notifications import deliver_due
from esim.models import SimProfile
from tests import make
from tests.journeys.qr_codes import read_from_screen
from tests.journeys.steps import enter, prove_again

pytestmark = pytest.mark.browser

without_script = pytest.mark.browser_context_args(java_script_enabled=False)


@pytest.fixture
def at_checkout(page, at_sandbox, subscriber):
    """Ada, about to buy Europe 10 GB."""
    enter(page, at_sandbox, subscriber)
    page.goto(f"{at_sandbox}/plans/{make.make_plan().public_id}/buy/")
    return page


def look_for_device(page):
    page.get_by_role("link", name="Check my device").click()
    page.get_by_label("Your device").fill("s24 ultra")


def note_what_it_shows(page):
    page.get_by_role("radio", name="Samsung Galaxy S24 Ultra").check()
    page.get_by_label("After *#06# it shows an EID").check()
    page.get_by_label("It is not locked").check()
    page.get_by_role("button", name="Note it and go on buying").click()
    expect(page.get_by_text("Samsung Galaxy S24 Ultra: it shows an EID and is not locked.")).to_be_visible()
    expect(page.get_by_role("button", name="Buy for US$14.90")).to_be_enabled()


def test_a_device_is_found_while_typing_and_remembered(at_checkout):
    look_for_device(at_checkout)
    note_what_it_shows(at_checkout)


@without_script
def test_a_device_is_checked_without_script(at_checkout):
    look_for_device(at_checkout)
    at_checkout.get_by_role("button", name="Look it up").click()
    note_what_it_shows(at_checkout)


@without_script
def test_a_mistyped_eid_is_explained(page, at_sandbox):
    page.goto(f"{at_sandbox}/devices/")
    page.get_by_text("Check an EID").click()
    page.get_by_role("textbox", name=re.compile("^EID")).fill("89049032123451234512345678901234")
    page.get_by_role("button", name="Note it").click()

    expect(page.get_by_role("textbox", name=re.compile("^EID"))).to_be_visible()
    expect(page.get_by_text("One of the digits of this EID is wrong.")).to_be_visible()


@without_script
def test_an_esim_with_a_confirmation_code_is_installed_without_script(page, at_sandbox, subscriber, now):
    subscriber.phone, subscriber.phone_verified = "+14155550101", True
    subscriber.save()
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line, activation_code="1$smdp.example.com$K2-1BZ7M4$$1")
    profile.confirmation_code = "492817"
    profile.save()
    enter(page, at_sandbox, subscriber)
    page.goto(f"{at_sandbox}/lines/{line.public_id}/install/")
    prove_again(page, make.PASSWORD)
    expect(page.get_by_role("region", name="Confirmation code")).to_contain_text("by SMS")
    expect(page.get_by_role("button", name="Keep on this device")).to_be_hidden()
    assert "492817" not in page.content()
    page.get_by_role("button", name="Send it by e-mail").click()
    expect(page.get_by_text("The confirmation code is on its way.")).to_be_visible()
    deliver_due(now=timezone.now())

    sent = OutboxMessage.objects.filter(body__contains="492817")
    assert {message.channel for message in sent} == {"sms", "email"}
    assert read_from_screen(page) == "LPA:1$smdp.example.com$K2-1BZ7M4$$1"

    SimProfile.objects.update(download_state="installed")
    page.get_by_role("link", name="Refresh").or_(page.get_by_role("link", name=re.compile("^Line "))).first.click()
    expect(page.get_by_role("img", name="QR code")).to_have_count(0)
