"""What a first visit costs, measured on the wire of a real server with compressed static files."""

import pytest

from portal.demo.people import SUBSCRIBER
from tests.journeys.steps import sign_in
from tests.serving import Portal, free_port, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("first-visit")]
KILOBYTES = 1000
PAGES = ["/accounts/login/", "/", "/plans/", "/billing/"]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    portal = Portal(tmp_path_factory.mktemp("first-visit"), free_port())
    try:
        assert wait_until(lambda: "stops everything" in portal.said(), 180), portal.said()
        yield f"http://localhost:{portal.port}"
    finally:
        portal.end()


@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_stays_under_a_hundred_kilobytes(browser, served, path):
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    if path not in {"/accounts/login/", "/plans/"}:
        sign_in(page, served, SUBSCRIBER.email)
    addresses, sizes = [], []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    network.on("Network.requestWillBeSent", lambda sent: addresses.append(sent["request"]["url"]))
    network.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))

    page.goto(f"{served}{path}", wait_until="networkidle")

    context.close()
    assert [url for url in addresses if not url.startswith((served, "data:"))] == []
    assert 0 < sum(sizes) < 100 * KILOBYTES, addresses
