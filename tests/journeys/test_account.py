"""Becoming somebody here, and proving it: by number, by code, by app, by passkey."""

import hmac
import re
import time
from base64 import b32decode

import pytest
from playwright.sync_api import expect

from portal.demo.people import PASSWORD, SUBSCRIBER
from tests.journeys.steps import prove_again, sign_in

pytestmark = pytest.mark.browser
NEWCOMER = "newcomer@example.org"
NEW_PASSWORD = "a window seat to Lisbon"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def six_digits(secret):
    """What an authenticator app shows now (RFC 6238), with five seconds left to type it."""
    while time.time() % 30 > 25:
        time.sleep(0.2)
    mac = hmac.digest(b32decode(secret), int(time.time() // 30).to_bytes(8), "sha1")
    start = mac[-1] & 15
    return f"{(int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def sign_out(page, portal):
    page.goto(f"{portal}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/accounts/login/"))


def test_signing_in_by_mobile_number_as_people_write_it(page, portal):
    sign_in(page, portal, "(415) 555-0142")

    expect(page.get_by_role("article")).to_have_count(4)


def test_a_newcomer_opens_an_account_with_the_code_from_the_mail(page, portal):
    page.goto(f"{portal}/accounts/signup/")
    page.get_by_label("E-mail").fill(NEWCOMER)
    page.locator("[name=password1]").fill(NEW_PASSWORD)
    page.locator("[name=password2]").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_label("Code")).to_be_visible()
    outbox = page.context.new_page()
    outbox.goto(f"{portal}/outbox/")
    letter = outbox.get_by_role("article").filter(has_text=NEWCOMER).first.inner_text()
    outbox.close()

    page.get_by_label("Code").fill(re.search(r"\b\d{6}\b", letter)[0])
    page.get_by_role("button", name="Confirm").click()

    page.wait_for_url(f"{portal}/")
    expect(page.get_by_role("main")).to_contain_text("No lines yet")


def test_a_forgotten_password_is_set_anew_by_the_link_from_the_mail(page, portal):
    page.goto(f"{portal}/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail or mobile number").fill(SUBSCRIBER.email)
    page.get_by_role("button", name="Send the link or the code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(f"{portal}/outbox/")
    page.get_by_role("article").filter(has_text=SUBSCRIBER.email).first.get_by_role("link").first.click()
    page.wait_for_url(re.compile("set-password/$"))
    page.locator("[name=password1]").fill(NEW_PASSWORD)
    page.locator("[name=password2]").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the new password").click()

    page.wait_for_url(f"{portal}/accounts/login/")
    page.get_by_label("E-mail or mobile number").fill(SUBSCRIBER.email)
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{portal}/")


def test_an_authenticator_app_then_guards_the_account(signed_in, portal):
    signed_in.goto(f"{portal}/accounts/2fa/totp/activate/")
    if "reauthenticate" in signed_in.url:
        prove_again(signed_in)
        signed_in.wait_for_url(re.compile("/totp/activate/"))
    secret = re.search(r"\b[A-Z2-7]{32}\b", signed_in.content())[0]
    signed_in.locator("[name=code]").fill(six_digits(secret))
    signed_in.locator("main form [type=submit]").last.click()
    signed_in.wait_for_url(re.compile("/recovery-codes/"))
    recovery = signed_in.get_by_label("Unused codes").input_value().split()[0]
    sign_out(signed_in, portal)

    sign_in_to_second_step(signed_in, portal)
    signed_in.locator("[name=code]").fill("000000")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_role("main")).to_contain_text(re.compile("incorrect", re.IGNORECASE))
    signed_in.locator("[name=code]").fill(recovery)
    signed_in.keyboard.press("Enter")
    signed_in.get_by_role("button", name=re.compile("Don.t Trust")).click()

    signed_in.wait_for_url(f"{portal}/")


def sign_in_to_second_step(page, portal):
    page.goto(f"{portal}/accounts/login/")
    page.get_by_label("E-mail or mobile number").fill(SUBSCRIBER.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/2fa/authenticate/"))


def test_a_passkey_is_added_and_signs_in_alone(signed_in, portal):
    device = signed_in.context.new_cdp_session(signed_in)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})
    signed_in.goto(f"{portal}/accounts/2fa/webauthn/add/")
    if "reauthenticate" in signed_in.url:
        prove_again(signed_in)
    signed_in.get_by_label("Name").fill("My phone")
    signed_in.locator("#mfa_webauthn_add").click()
    signed_in.wait_for_url(re.compile("(?<!add)/$"))
    sign_out(signed_in, portal)

    signed_in.get_by_role("button", name="Sign in with a passkey").click()

    signed_in.wait_for_url(f"{portal}/")
    expect(signed_in.get_by_role("article")).to_have_count(4)
