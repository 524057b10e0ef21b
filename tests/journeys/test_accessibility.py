"""axe finds nothing to complain about, in either theme, on a phone and on a desk."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import ReferralCode
from billing.models import Order, QueuedPlan
from esim.models import Line
from plans.models import Plan
from tests.journeys.steps import prove_again

pytestmark = pytest.mark.browser
# All that a theme changes.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}

VISITOR = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/key/1-set-password/",
    "/plans/",
    "/announcements/",
    "/advice/trip/",
    "/advice/trip/?country_1=FR&first=2030-12-01&last=2030-12-12&use=video",
    "/devices/",
    "/devices/?q=iphone+15",
    "/help/",
    "/outlets/",
    "/help/?q=refund",
    "/help/?q=zzzz",
    "/help/payment-failed/",
    "/help/official-channels/",
    "/nothing/",
]
SUBSCRIBER = [
    "/",
    "/billing/",
    "/billing/documents/",
    "/billing/details/",
    "/billing/methods/",
    "/billing/add-money/",
    "/settings/",
    "/help/tickets/",
    "/help/tickets/new/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/code/",
    "/accounts/sessions/",
    "/outbox/",
    "/style/",
    "{line}",
    "{line}renew/",
    "{line}renew/?plan={plan}",
    "{line}top-up/",
    "{line}auto-renewal/",
    "{queue}",
    "{queue}add/",
    "{queued}start/",
    "{queued}cancel/",
    "/refer/",
    "{invited}",
    "/advice/",
    "{line}advice/",
    "{line}advice/?plan={plan}",
    "{line}settings/",
    "{line}replace/",
    "{line}replace/?reason=lost",
    "{line}service/",
    "{line}suspend/",
    "{line}terminate/",
    "{line}sim/",
    "{line}self-test/",
    "/billing/arrears/",
    "/billing/business/",
    "{line}people/",
    "{line}give/",
    "/settings/lock/",
    "/settings/tokens/",
    "/settings/report/",
    "{line}usage/",
    "{line}usage/?by=month&what=calls",
    "{line}usage/records/",
    "{line}usage/budget/",
    "{line}usage/looks-wrong/",
    "/plans/{plan}/",
    "{order}",
    "{order}receipt/",
]


AXE = Axe().axe_script
RUN = "async options => (await axe.run({...options, resultTypes: ['violations']})).violations"
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PRIMARY = (
    "[...document.querySelectorAll('main .btn-primary')].filter(one => one.checkVisibility()).map(one => one.innerText)"
)


def complaints(page, options=None):
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return [f"{one['id']}: {node['html'][:160]}" for one in page.evaluate(RUN, options) for node in one["nodes"]]


def complaints_in_both_themes(page, addresses):
    """Ask axe, and look whether a page scrolls sideways or has more than one thing that is next."""
    found = {}
    for address in addresses:
        page.goto(address)
        if page.evaluate(IS_TOO_WIDE):
            found[address] = ["scrolls sideways"]
        if len(primary := page.evaluate(PRIMARY)) > 1 and not address.endswith("/style/"):
            found[f"{address} primary"] = primary
        for theme, options in (("light", None), ("dark", COLOURS)):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if here := complaints(page, options):
                found[f"{address} {theme}"] = here
    return found


def too_wide(page, addresses, widths=(320,)):
    """Return those of the addresses whose page scrolls sideways, and the width at which it does."""
    found = []
    for address in addresses:
        page.goto(address)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(IS_TOO_WIDE):
                found.append((address, width))
    return found


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_of_a_visitor(page, portal, width):
    page.set_viewport_size({"width": width, "height": 900})

    assert complaints_in_both_themes(page, [f"{portal}{path}" for path in VISITOR]) == {}


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_of_a_subscriber(signed_in, portal, width):
    signed_in.set_viewport_size({"width": width, "height": 900})
    here = {
        "line": f"/lines/{Line.objects.get(nickname='Work phone').public_id}/",
        "queue": f"/lines/{Line.objects.get(nickname='Tokyo in spring').public_id}/queue/",
        "queued": f"/queue/{QueuedPlan.objects.first().public_id}/",
        "invited": f"/r/{ReferralCode.objects.get().code}/",
        "plan": Plan.objects.get(code="north-america-15gb-30day").public_id,
        "order": f"/orders/{Order.objects.filter(owner__email='demo@example.com').latest('created_at').public_id}/",
    }

    assert complaints_in_both_themes(signed_in, [f"{portal}{path.format(**here)}" for path in SUBSCRIBER]) == {}


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_that_installs(signed_in, portal, width):
    signed_in.set_viewport_size({"width": width, "height": 900})
    line = Line.objects.get(nickname="Tokyo in spring")
    signed_in.goto(f"{portal}/lines/{line.public_id}/install/")
    prove_again(signed_in)
    signed_in.get_by_role("img", name="QR code").wait_for()

    assert complaints_in_both_themes(signed_in, [signed_in.url]) == {}


def test_no_page_scrolls_sideways_in_between(signed_in, portal):
    line = f"/lines/{Line.objects.get(nickname='Work phone').public_id}/"
    paths = ("/", "/plans/", "/billing/", "/settings/", "/help/", line, f"{line}renew/", f"{line}auto-renewal/")

    assert too_wide(signed_in, [f"{portal}{path}" for path in paths], widths=(768, 320)) == []
