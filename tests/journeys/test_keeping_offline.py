"""An install page kept on the subscriber's own device: there without a connection, gone with the reason for it."""

import re

import pytest
from playwright.sync_api import Error, expect

from accounts.models import AuditEvent
from esim.models import DownloadState, Line, SimProfile
from tests import make
from tests.journeys.qr_codes import read_from_screen
from tests.journeys.steps import enter, prove_again

pytestmark = pytest.mark.browser


@pytest.fixture
def line(at_sandbox, subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone")
    make.make_profile(line=line)
    return line


@pytest.fixture
def address(line, at_sandbox):
    return f"{at_sandbox}/lines/{line.public_id}/install/"


@pytest.fixture
def kept(page, at_sandbox, subscriber, address):
    """Ada's browser, which keeps the page of her line, and is on it."""
    enter(page, at_sandbox, subscriber)
    page.goto(address)
    prove_again(page, make.PASSWORD)
    page.get_by_role("button", name="Keep on this device").click()
    expect(page.get_by_text("Kept on this device")).to_be_visible()
    return page


def offline(page, address):
    """Open the address without a connection, and tell whether something came."""
    page.context.set_offline(True)
    try:
        page.goto(address)
    except Error:
        return False
    else:
        return page.get_by_role("img", name=re.compile("QR code")).count() == 1
    finally:
        page.context.set_offline(False)


def wait_until_forgotten(page, address):
    """The page drops what it keeps in the background, which takes a moment and needs the connection."""
    page.wait_for_function("async address => !(await caches.match(address, { ignoreVary: true }))", arg=address)


def test_the_page_is_there_offline_and_gone_after_signing_out(kept, address, at_sandbox, line):
    assert offline(kept, address)
    expect(kept.get_by_text("Kept copy")).to_be_visible()
    assert read_from_screen(kept) == f"LPA:{line.profiles.get().activation_code}"
    assert AuditEvent.objects.filter(action="line.activation_code_kept", target=line.public_id).count() == 1

    kept.goto(at_sandbox)
    kept.locator("summary", has_text="Your account").click()
    kept.get_by_role("button", name="Sign out").click()
    kept.wait_for_url(re.compile("/accounts/login/"))
    wait_until_forgotten(kept, address)

    assert not offline(kept, address)


def test_online_the_page_asks_who_is_there_as_always(kept, address, subscriber, at_sandbox):
    kept.context.clear_cookies(name="sessionid")
    enter(kept, at_sandbox, subscriber)

    kept.goto(address)

    expect(kept).to_have_url(re.compile("/reauthenticate/"))


def test_nothing_but_that_page_is_kept(kept, at_sandbox, line):
    for path in ("/", f"/lines/{line.public_id}/", f"/lines/{line.public_id}/install/qr.png"):
        assert not offline(kept, f"{at_sandbox}{path}")


def test_whoever_signs_in_next_finds_nothing(kept, address, stranger, at_sandbox):
    kept.context.clear_cookies(name="sessionid")
    enter(kept, at_sandbox, stranger)
    kept.goto(at_sandbox)
    wait_until_forgotten(kept, address)

    assert not offline(kept, address)


def test_it_goes_when_the_esim_is_installed(kept, address, at_sandbox):
    SimProfile.objects.update(download_state=DownloadState.INSTALLED)
    with kept.expect_response(re.compile("/install/state/")):
        kept.goto(at_sandbox)
    wait_until_forgotten(kept, address)

    assert not offline(kept, address)


def test_it_is_removed_by_hand(kept, address):
    kept.get_by_role("button", name="Remove it from this device").click()
    expect(kept.get_by_role("button", name="Keep on this device")).to_be_visible()

    assert not offline(kept, address)


def test_without_a_connection_any_page_says_what_helps_and_what_is_kept(kept, at_sandbox, line):
    kept.wait_for_function(
        "async () => (await caches.has('offline')) && (await (await caches.open('offline')).match('/offline/en/'))"
    )
    kept.context.set_offline(True)

    kept.goto(f"{at_sandbox}/billing/")

    expect(kept.get_by_role("heading", name="No connection")).to_be_visible()
    kept.get_by_role("link", name="Install").click()
    assert read_from_screen(kept) == f"LPA:{line.profiles.get().activation_code}"
    kept.context.set_offline(False)


def holds(page, words):
    """Tell whether the page without a connection comes to say this, as the browser holds it, within ten seconds."""
    return page.evaluate(
        """async words => {
            for (let times = 0; times < 100; times++) {
                const held = await caches.match('/offline/en/');
                if (held && (await held.text()).includes(words)) {
                    return true;
                }
                await new Promise(done => setTimeout(done, 100));
            }
            return false;
        }""",
        words,
    )


def test_what_helps_without_a_connection_is_held_anew_each_day(page, at_sandbox, subscriber):
    enter(page, at_sandbox, subscriber)
    page.goto(at_sandbox)
    assert holds(page, "No connection")
    page.evaluate(
        """async () => {
            const headers = { Date: new Date(Date.now() - 25 * 3600 * 1000).toUTCString() };
            await (await caches.open('offline')).put('/offline/en/', new Response('An old number', { headers }));
        }"""
    )
    assert holds(page, "An old number")

    page.goto(at_sandbox)

    assert holds(page, "No connection")


def test_a_receipt_is_there_without_a_connection(page, at_sandbox, subscriber, line):
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=make.NOW)
    address = f"{at_sandbox}/orders/{order.public_id}/receipt/"
    enter(page, at_sandbox, subscriber)
    page.goto(address)
    page.get_by_role("button", name="Keep on this device").click()
    expect(page.get_by_text("Kept on this device")).to_be_visible()

    page.context.set_offline(True)
    page.goto(address)
    expect(page.get_by_text("Kept copy")).to_be_visible()
    expect(page.get_by_text(order.public_id)).to_be_visible()
    page.context.set_offline(False)


def test_without_a_connection_nothing_is_kept_and_that_is_said(page, at_sandbox, subscriber, address):
    enter(page, at_sandbox, subscriber)
    page.goto(address)
    prove_again(page, make.PASSWORD)
    button = page.get_by_role("button", name="Keep on this device")
    expect(button).to_be_visible()
    page.context.set_offline(True)
    button.click()

    expect(page.get_by_text("The page could not be kept")).to_be_visible()
    page.context.set_offline(False)
    assert Line.objects.count() == 1
