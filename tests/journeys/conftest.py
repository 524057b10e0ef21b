"""What every journey needs: a browser, the portal it walks through, and people in it."""

import importlib
import os
import shutil
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

from accounts.models import User
from portal.demo.people import SUBSCRIBER
from tests import make
from tests.fakes.stripe.account import TEST_KEY
from tests.journeys import demo
from tests.journeys.renewing import Renewing
from tests.journeys.steps import WEBHOOK_SECRET, enter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Without the `browser` group there is nothing to import; `make browser` brings it.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def _browser_is_there():
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: install chromium to run the journeys")
    # What is there is found at once; where the machine is busy, the rest comes later.
    importlib.import_module("playwright.sync_api").expect.set_options(timeout=30_000)
    # Playwright runs an event loop in this thread, where Django would refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    # Without these, Chromium talks to its maker; as root it runs without its own sandbox only.
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [*quiet, "--disable-sync", "--disable-quic"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "en-GB", "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def portal(live_server, settings):
    """The portal with its demo, at an address; the sandbox calls back there."""
    settings.PORTAL_BASE_URL = live_server.url
    # pytest-django has put its own in the place of the demo's.
    settings.EMAIL_BACKEND = "accounts.outbox.OutboxEmailBackend"
    demo.lay_out()
    return live_server.url


@pytest.fixture(autouse=True)
def _nothing_refused_nothing_foreign(page, request):
    """Fail a journey in which a page broke, asked another host, or wrote an error to the console.

    What the content policy refuses is such an error.
    """
    found = []
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: found.append(f"script error: {error}"))
    page.on("console", lambda message: found.append(message.text) if _is_fault(message) else None)
    page.on("request", lambda asked: found.append(asked.url) if not _is_local(asked.url) else None)
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    yield
    assert found == []


def _is_fault(message):
    # A worker is looked for anew in the background, also where the test has just cut the connection.
    if "when fetching the script" in message.text:
        return False
    # The browser also logs each answer that refuses a form or finds nothing: some journeys are about those.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def _is_local(url):
    return url.startswith(("http://localhost", "http://127.0.0.1", "data:", "blob:", "about:"))


@pytest.fixture
def signed_in(page, portal):
    """The browser of the demo subscriber, on the dashboard."""
    enter(page, portal, User.objects.get(email=SUBSCRIBER.email))
    page.goto(f"{portal}/")
    return page


@pytest.fixture
def at_sandbox(live_server, settings):
    """The address of a portal with the sandbox and the simulated network, and no demo in it."""
    settings.PORTAL_BASE_URL = live_server.url
    settings.EMAIL_BACKEND = "accounts.outbox.OutboxEmailBackend"
    return live_server.url


@pytest.fixture
def renewing(page, at_sandbox, subscriber):
    """Ada's line, which renews; she has signed in."""
    enter(page, at_sandbox, subscriber)
    return Renewing(subscriber, portal=at_sandbox)


@pytest.fixture
def at_stripe(page, live_server, settings, stripe_fake):
    """The address of a portal that takes money through Stripe and has no demo in it.

    Stripe's pages are on a host of their own here, too. Nobody but these two is asked for anything.
    """
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = TEST_KEY
    settings.STRIPE_API_BASE = stripe_fake.url
    settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    settings.PORTAL_BASE_URL = live_server.url
    settings.EMAIL_BACKEND = "accounts.outbox.OutboxEmailBackend"
    asked = set()
    page.on("request", lambda one: asked.add("{0.scheme}://{0.netloc}".format(urlsplit(one.url))))
    yield live_server.url
    assert asked <= {live_server.url, stripe_fake.url}


@pytest.fixture
def plan(at_stripe):
    """10 GB in Europe for 30 days: US$14.90."""
    return make.make_plan()


@pytest.fixture
def line(at_stripe, subscriber, plan):
    """Ada's line, which the plan can renew."""
    line = make.make_line(owner=subscriber, nickname="Work phone")
    make.make_profile(line=line)
    return line


@pytest.fixture
def ada(page, at_stripe, subscriber):
    """The browser of Ada, who has signed in."""
    enter(page, at_stripe, subscriber)
    return page
