"""Names as long as their fields take, on the narrowest phone: they part between words, and no page scrolls sideways."""

import pytest

from accounts.models import User
from esim.models import Line
from plans.models import Plan
from portal.demo.people import BUSINESS, SUBSCRIBER
from tests.journeys.steps import enter
from tests.journeys.test_accessibility import too_wide

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtsgesellschaftskapitän"[:40]
LONG_PLAN = "欧洲、亚洲及太平洋地区家庭无限流量畅享套餐全年版 1000 GB"


def test_the_costs_of_a_business_fit_a_narrow_phone(page, portal):
    owner = User.objects.get(email=BUSINESS.email)
    Line.objects.filter(owner=owner).update(nickname=LONG, cost_centre=LONG)
    enter(page, portal, owner)

    assert too_wide(page, [f"{portal}/billing/business/"], widths=(390, 320)) == []


def test_long_chinese_names_of_plans_fit_a_narrow_phone(page, portal):
    User.objects.filter(email=SUBSCRIBER.email).update(language="zh-hans")
    Plan.objects.filter(region="europe").update(name_zh_hans=LONG_PLAN)
    enter(page, portal, User.objects.get(email=SUBSCRIBER.email))
    line = f"{portal}/lines/{Line.objects.get(nickname='Berlin').public_id}/"

    paths = [f"{portal}/plans/", line, f"{line}renew/", f"{line}queue/add/", f"{line}auto-renewal/", f"{line}advice/"]
    assert too_wide(page, paths) == []
