"""An order that takes longer than promised: the portal asks for help by itself, and staff answer."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.models import Ticket
from billing.models import Order
from plans.terms import PlanTerms
from tests import make
from tests.journeys.renewing import tick
from tests.journeys.steps import enter

pytestmark = pytest.mark.browser
ANSWER = "The network lost it. It is asked again now, and you need to do nothing."


@pytest.fixture
def late(renewing):
    """Paid forty minutes ago, and not confirmed by the network."""
    paid_at = renewing.now - timedelta(minutes=40)
    order = make.make_order(
        owner=renewing.owner,
        line=renewing.line,
        plan=renewing.plan,
        plan_terms=PlanTerms.of(renewing.plan).to_json(),
        state=Order.State.FULFILLING,
        created_at=paid_at,
        paid_at=paid_at,
        accepted_at=paid_at,
        sent_at=paid_at,
        fulfil_due_at=renewing.now + timedelta(hours=1),
    )
    make.make_charge(order=order, created_at=paid_at, settled_at=paid_at)
    tick("open_overdue_tickets")
    return order


@pytest.fixture
def at_the_desk(browser, at_sandbox, staff):
    """The browser of Kim, who answers."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    desk = context.new_page()
    desk.set_default_timeout(30_000)
    enter(desk, at_sandbox, staff)
    yield desk
    context.close()


def test_a_late_order_opens_a_request_that_staff_answer_and_its_owner_closes(page, renewing, late, at_the_desk):
    page.goto(f"{renewing.portal}/orders/{late.public_id}/")
    expect(page.get_by_role("main")).to_contain_text("It takes longer than we promised")
    page.get_by_role("link", name="See the request").click()
    expect(page.get_by_role("region", name="Conversation")).to_contain_text("30 minutes")
    page.goto(f"{renewing.portal}/help/tickets/")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)

    ticket = Ticket.objects.get()
    at_the_desk.goto(f"{renewing.portal}/admin/accounts/ticket/{ticket.pk}/change/")
    expect(at_the_desk.get_by_text(late.public_id).first).to_be_visible()
    at_the_desk.get_by_role("link", name=re.compile("Answer$")).click()
    at_the_desk.get_by_role("textbox").last.fill(ANSWER)
    at_the_desk.get_by_role("button", name="Send the answer").click()
    expect(at_the_desk.get_by_text("The answer is on its way")).to_be_visible()
    call_command("deliver_notifications", verbosity=0)

    page.get_by_role("main").get_by_role("listitem").get_by_role("link").click()
    expect(page.get_by_role("region", name="Conversation")).to_contain_text(ANSWER)
    page.get_by_role("button", name="It is settled: close the request").click()
    expect(page.get_by_role("status")).to_contain_text("The request is closed")
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.CLOSED
    page.goto(f"{renewing.portal}/outbox/")
    expect(page.get_by_role("article").first).to_contain_text(ANSWER)
