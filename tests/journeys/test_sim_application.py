"""Applying for a SIM card on a phone, being asked for more, and approved by staff who say why they look."""

import pytest
from playwright.sync_api import expect

from accounts.models import AuditEvent
from esim.models import SimApplication
from portal.demo.people import STAFF, SUBSCRIBER
from tests import make
from tests.journeys.steps import enter, prove_again
from tests.journeys.test_accessibility import complaints_in_both_themes

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PORTAL_DOCUMENTS_DIR = tmp_path


def staff_decides(page, portal, application, decision, *more):
    page.goto(f"{portal}/admin/esim/simapplication/{application.pk}/review/")
    page.get_by_label("Why do you open it?").fill("Checking the application")
    page.get_by_role("button", name="Show the papers").click()
    expect(page.get_by_role("img", name="Picture that was sent").first).to_be_visible()
    page.get_by_label(decision, exact=True).check()
    for label in more:
        page.get_by_label(label).check()
    if more:
        page.locator("[name=reason]").select_option("unreadable")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Decided. The subscriber is told.")).to_be_visible()


def add_file(page, name="passport.png"):
    page.get_by_label("Picture or PDF").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": make.picture("PNG")}
    )
    page.get_by_role("button", name="Add this file").click()


def test_a_card_is_applied_for_and_approved(page, portal):
    SimApplication.objects.all().delete()
    ada, kim = make.User.objects.get(email=SUBSCRIBER.email), make.User.objects.get(email=STAFF.email)
    enter(page, portal, ada)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{portal}/sim/apply/")
    page.get_by_label("For a person").check()
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Full name").fill("Mei Lindqvist")
    page.get_by_label("Number of the document").fill("X1234567")
    page.get_by_label("Valid until").fill("2031-05-31")
    page.get_by_role("button", name="Save and go on").click()
    add_file(page, "virus.svg")
    expect(page.get_by_role("link", name="virus.jpg")).to_be_visible()
    application = SimApplication.objects.get()

    # Another day: it goes on where it was left.
    page.goto(f"{portal}/sim/apply/")
    page.get_by_role("link", name="Go on with the application").click()
    page.get_by_label("Pick up at an outlet").check()
    page.get_by_label("Outlet", exact=False).last.select_option(index=1)
    page.get_by_role("button", name="Save and go on").click()
    here = f"{portal}/sim/applications/{application.public_id}/"
    addresses = [
        f"{portal}/sim/apply/",
        here,
        *(f"{here}{one}/" for one in ("details", "documents", "delivery", "review")),
    ]
    assert complaints_in_both_themes(page, addresses) == {}
    page.get_by_role("button", name="Send the application").click()
    expect(page.get_by_text("Your application is being checked")).to_be_visible()

    page.context.clear_cookies()
    enter(page, portal, kim)
    page.set_viewport_size({"width": 1280, "height": 900})
    staff_decides(page, portal, application, "Ask for more", "pictures of the document")

    page.context.clear_cookies()
    enter(page, portal, ada)
    page.goto(here)
    expect(page.get_by_text("Take them in daylight")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    add_file(page)
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Send the application").click()
    page.goto(f"{here}")
    expect(page.get_by_text("2 files")).to_be_visible()

    page.context.clear_cookies()
    enter(page, portal, kim)
    staff_decides(page, portal, application, "Approve")
    application.refresh_from_db()
    assert application.state == "approved"
    assert AuditEvent.objects.filter(action="document.opened_by_staff", subject=ada).count() >= 3


def test_one_s_own_document_is_saved_after_a_proof(page, portal):
    ada = make.User.objects.get(email=SUBSCRIBER.email)
    enter(page, portal, ada)
    page.goto(f"{portal}/sim/applications/{SimApplication.objects.get(owner=ada, state='draft').public_id}/documents/")
    add_file(page, "second.png")
    page.get_by_role("link", name="second.jpg").click()
    with page.expect_download() as saved:
        prove_again(page)

    assert saved.value.suggested_filename == "second.jpg"
