"""A new phone, a locked account, and the end of a line: as somebody goes through them."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import OutboxMessage, User
from esim.models import Line, Replacement, SimProfile
from portal.demo.people import SUBSCRIBER
from tests.journeys.steps import prove_again

pytestmark = pytest.mark.browser


def open_line(page, portal, nickname):
    line = Line.objects.get(nickname=nickname)
    page.goto(f"{portal}/lines/{line.public_id}/")
    return line


def test_a_line_moves_to_a_new_phone_from_start_to_end(signed_in, portal):
    line = open_line(signed_in, portal, "Work phone")
    old = line.profiles.get(is_current=True)
    signed_in.get_by_role("link", name=re.compile("^Move to another device")).click()
    signed_in.get_by_role("radio", name=re.compile("^I have a new phone")).check()
    signed_in.get_by_role("button", name="Go on").click()
    expect(signed_in.get_by_role("heading", name="What will happen")).to_be_visible()
    signed_in.get_by_role("button", name="Prepare the new eSIM").click()
    prove_again(signed_in)

    expect(signed_in.get_by_text("Install the new eSIM").first).to_be_visible()
    signed_in.get_by_role("link", name="Show the new code").click()
    expect(signed_in.get_by_role("img", name="QR code")).to_be_visible()

    # The simulated phone is online some minutes after the code was shown.
    minutes_ago = timezone.now() - timedelta(minutes=6)
    SimProfile.objects.filter(line=line, is_current=False).update(code_shown_at=minutes_ago)
    call_command("follow_replacements", verbosity=0)
    signed_in.goto(f"{portal}/lines/{line.public_id}/replace/")
    expect(signed_in.get_by_text("Your line is on the new device").first).to_be_visible()
    signed_in.get_by_role("button", name="It works: end the old eSIM now").click()

    expect(signed_in.get_by_text("Done. Your line is on the new device").first).to_be_visible()
    old.refresh_from_db()
    assert (old.is_current, old.download_state, Replacement.objects.get().state) == (False, "cancelled", "done")


def test_an_account_is_locked_refuses_and_is_unlocked_by_two_proofs(signed_in, portal):
    signed_in.goto(f"{portal}/settings/")
    signed_in.get_by_role("link", name=re.compile("^Lock my account")).click()
    signed_in.get_by_role("button", name="Lock my account").click()
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Your account is locked")

    line = open_line(signed_in, portal, "Work phone")
    signed_in.goto(f"{portal}/lines/{line.public_id}/suspend/")
    signed_in.get_by_role("button", name="Suspend").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("Your account is locked")

    signed_in.get_by_role("link", name="Unlock my account").click()
    signed_in.get_by_role("button", name="Unlock my account").click()
    prove_again(signed_in)
    signed_in.get_by_role("button", name=re.compile("^Send a code")).first.click()
    expect(signed_in.get_by_label(re.compile("code", re.IGNORECASE))).to_be_visible()
    code = re.search(r"\b\d{6}\b", OutboxMessage.objects.latest("pk").body)[0]
    signed_in.get_by_label(re.compile("code", re.IGNORECASE)).fill(code)
    signed_in.get_by_role("button", name="Confirm").click()

    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Lock my account?")
    assert User.objects.get(email=SUBSCRIBER.email).locked_at is None


def test_a_line_is_ended_by_typing_the_end_of_its_number(signed_in, portal):
    line = open_line(signed_in, portal, "Work phone")
    signed_in.get_by_role("link", name=re.compile("^Suspend, resume or terminate")).click()
    signed_in.get_by_role("link", name=re.compile("^Terminate")).click()
    signed_in.get_by_label("To go on, type").fill(line.msisdn[-4:])
    signed_in.get_by_role("button", name="Terminate for good").click()
    prove_again(signed_in)

    expect(signed_in.get_by_text("This line is terminated").first).to_be_visible()
    signed_in.goto(portal)
    expect(signed_in.get_by_role("article", name="Work phone")).to_have_count(0)
