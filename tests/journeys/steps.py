"""What several journeys do on their way; knows pages but not Playwright, which may not be installed."""

import re

from django.conf import settings
from django.test import Client

from portal.demo.people import PASSWORD

DONE = 4
"""Paid, accepted, sent to the network, confirmed."""


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


def prove_again(page):
    """Give the password once more, before what is worth protecting."""
    page.wait_for_url(re.compile("/reauthenticate/"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def await_confirmed(page):
    """Wait until the order's page shows every step done; it looks by itself."""
    page.wait_for_url(re.compile("/orders/"))
    page.get_by_role("region", name="Progress").get_by_role("img", name="Done").nth(DONE - 1).wait_for()
