"""The dashboard of somebody with no line, one line, and twenty with long names."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import complaints_in_both_themes, too_wide

pytestmark = pytest.mark.browser
LONG_NAME = "The tablet of the children in the old car"[:40]
WIDTHS = (320, 390, 768, 1280)


@pytest.fixture
def somebody_with(portal, page):
    """Make somebody with so many lines, and put them in front of the browser."""

    def make_somebody(lines):
        now = timezone.now()
        owner, plan = make.make_user(), make.make_plan(active_from=now - timedelta(days=1))
        for number in range(lines):
            line = make.make_line(owner=owner, nickname=LONG_NAME, usage_reported_at=now)
            make.make_profile(line=line)
            ends_at = now + timedelta(days=number)
            make.make_allowance(line=line, plan=plan, starts_at=now - timedelta(days=1), ends_at=ends_at)
        enter(page, portal, owner)
        return owner

    return make_somebody


@pytest.mark.parametrize("lines", [0, 1, 20])
def test_the_dashboard_has_no_complaints_on_a_phone(page, portal, somebody_with, lines):
    somebody_with(lines)
    page.set_viewport_size({"width": 390, "height": 844})

    assert complaints_in_both_themes(page, [f"{portal}/"]) == {}
    assert page.get_by_role("article").count() == lines


def test_twenty_lines_with_long_names_never_scroll_sideways(page, portal, somebody_with):
    line = somebody_with(20).lines.latest("pk").public_id
    paths = ("/", f"/lines/{line}/", f"/lines/{line}/renew/", f"/lines/{line}/settings/", "/billing/")

    assert too_wide(page, [f"{portal}{path}" for path in paths], widths=WIDTHS) == []
