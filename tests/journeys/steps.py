"""What several journeys do on their way; knows pages but not Playwright, which may not be installed."""

import re

from django.conf import settings
from django.test import Client

from billing.tasks import apply_gateway_events
from portal.demo.people import PASSWORD

DONE = 5
"""Paid, accepted, sent to the network, confirmed."""
WEBHOOK_SECRET = "whsec_portal"


def sign_in(page, portal, email):
    page.goto(f"{portal}/accounts/login/")
    page.get_by_label("E-mail or mobile number").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(f"^{re.escape(portal)}/(?!accounts/login)"))


def enter(page, portal, user):
    """Put somebody in front of the browser who has signed in already; for journeys about something else."""
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": portal}])


def prove_again(page, password=PASSWORD):
    """Give the password once more, before what is worth protecting."""
    page.wait_for_url(re.compile("/reauthenticate/"))
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Confirm").click()


def await_confirmed(page):
    """Wait until the order's page shows every step done; it looks by itself."""
    page.wait_for_url(re.compile("/orders/"))
    page.get_by_role("region", name="Progress").get_by_role("img", name="Done").nth(DONE - 1).wait_for()


def check_renewal(page, portal, line, plan):
    """Open the check page of a renewal."""
    page.goto(f"{portal}/lines/{line.public_id}/renew/?plan={plan.public_id}")


def begin_renewal(page, portal, line, plan):
    """Ask on the check page to pay on Stripe's page, and arrive there."""
    check_renewal(page, portal, line, plan)
    page.get_by_role("radio", name="Alipay").check()
    page.get_by_role("button", name=re.compile("^Renew for")).click()
    arrive_at_stripe(page)


def arrive_at_stripe(page):
    """Wait for Stripe's page, and return the id of its session."""
    page.wait_for_url(re.compile("/c/pay/cs_test_"))
    return page.url.rpartition("/")[2]


def pay_at_stripe(page, *, method="Card", outcome="Pays at once"):
    """Fill in Stripe's page as a payer does; `outcome` is what their bank will say."""
    page.get_by_label("Pay with").select_option(method)
    page.get_by_label("What happens").select_option(outcome)
    page.get_by_role("button", name="Pay", exact=True).click()


def deliver_webhooks(page, fake, portal):
    """Let Stripe tell the running portal all that happened so far, and a worker read it, while nobody looks."""
    page.goto("about:blank")
    assert set(fake.deliver(f"{portal}/webhooks/stripe/", WEBHOOK_SECRET)) == {202}
    apply_gateway_events()
