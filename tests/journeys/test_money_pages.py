"""Every page about money, in every state it can be found in, on a phone."""

import pytest

from tests import make
from tests.journeys.scenery import Account
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import complaints_in_both_themes, too_wide

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def test_pages_about_money_have_no_complaints_on_a_phone(ada, at_stripe, subscriber, plan):
    ada.set_viewport_size(PHONE)
    paths = Account(subscriber, plan).pages().values()

    assert complaints_in_both_themes(ada, [f"{at_stripe}{path}" for path in paths]) == {}


def test_pages_about_no_money_have_none_either(ada, at_stripe):
    ada.set_viewport_size(PHONE)
    paths = ["/billing/", "/billing/documents/", "/billing/methods/", "/billing/charges/", "/billing/movements/"]

    assert complaints_in_both_themes(ada, [f"{at_stripe}{path}" for path in paths]) == {}


def test_not_even_millions_scroll_sideways(page, at_stripe):
    owner = make.make_user(full_name="Maximiliane Freifrau von und zu Guttenberg-Hohenlohe", currency="IDR")
    plan = make.make_plan(name="Everywhere and back again, all seas included, 10 GB", prices={"IDR": 123_456_789_00})
    enter(page, at_stripe, owner)
    paths = Account(owner, plan, currency="IDR", amount=123_456_789_00).pages().values()

    assert too_wide(page, [f"{at_stripe}{path}" for path in paths], widths=(390, 320)) == []
