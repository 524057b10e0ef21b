"""Whatever staff change afterwards, what somebody bought stays what it was, on every page that tells of it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from billing import discounts, orders, queueing
from esim.models import Allowance
from plans.models import Coupon, Plan, Promotion
from portal.lib.data_size import GB
from tests import make
from tests.admin.test_offers import coupon_form, promotion_form
from tests.admin.test_plans import plan_form, prices_form
from tests.billing.books import PRICE, delivered, paid_order
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db

PLANS = reverse("admin:plans_plan_changelist")
SHEET = (
    "code,kind,name,region,countries,data_gb,period_unit,period_count,is_active,price_USD\n"
    "europe-month,plan,Nothing much,global,AQ,1,day,3,no,99.00\n"
)


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def plan(db):
    return make.make_plan(code="europe-month", name="Europe 10 GB", prices={"USD": 1490}, countries=["FR", "DE"])


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return line


@pytest.fixture
def bought(line, plan, now):
    """A renewal at half the price less US$1.00 and with 1 GB more, delivered."""
    make.make_promotion(slug="half", name="Half price", percent=50)
    make.make_coupon(slug="one", name="One off", code="ONE-OFF", kind="amount", percent=None, amounts={"USD": 100})
    quote = discounts.quote(user=line.owner, plan=plan, price=PRICE, code="ONE-OFF", now=now)
    return delivered(line, plan, gateway=FakeGateway(), carrier=FakeCarrier(), price=quote.price, quote=quote)


@pytest.fixture
def waiting(line, plan, bought):
    """A plan at its price on the list, paid and waiting for its turn."""
    Promotion.objects.update(is_active=False)
    return paid_order(line, plan, is_queued=True)


def edit_plan(client, plan):
    return client.post(
        reverse("admin:plans_plan_change", args=[plan.pk]),
        plan_form(
            name="Nothing much",
            data_bytes="1",
            countries=["AQ"],
            region="global",
            period_unit="day",
            is_active="",
            **prices_form((plan.prices.get().pk, "USD", "99.00"), existing=1),
        ),
    )


def import_plans(client, _plan):
    shown = client.post(f"{PLANS}import/", {"import_file": SimpleUploadedFile("a.csv", SHEET.encode()), "format": "0"})
    return client.post(f"{PLANS}process_import/", shown.context["confirm_form"].initial)


def delete_price(client, plan):
    form = prices_form((plan.prices.get().pk, "USD", "14.90"), existing=1)
    client.post(reverse("admin:plans_plan_change", args=[plan.pk]), plan_form(**form, **{"prices-0-DELETE": "on"}))
    return client.post(reverse("admin:plans_plan_change", args=[plan.pk]), plan_form(name="Nothing much"))


def edit_promotion(client, _plan):
    half = Promotion.objects.get(slug="half")
    form = promotion_form(slug="half", name="Nothing off", percent="1", regions=["global"])
    return client.post(reverse("admin:plans_promotion_change", args=[half.pk]), form)


def edit_coupon(client, _plan):
    one = Coupon.objects.get(slug="one")
    form = coupon_form(slug="one", name="Nothing off", amounts="USD 0.01", is_active="", minimums="USD 500")
    return client.post(reverse("admin:plans_coupon_change", args=[one.pk]), form)


CHANGES = [edit_plan, import_plans, delete_price, edit_promotion, edit_coupon]


def told(client, order):
    """What the pages that tell of an order say, in words."""
    names = ("billing:order", "billing:receipt", "billing:why")
    addresses = [*(reverse(name, args=[order.public_id]) for name in names), reverse("billing:orders")]
    pages = [client.get(address) for address in addresses]
    assert [page.status_code for page in pages] == [200] * len(pages)
    return [" ".join(strip_tags(page.content.decode()).split()) for page in pages]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_bought_reads_the_same_afterwards(as_staff, plan, bought, change):
    buyer = Client()
    buyer.force_login(bought.owner)
    before = told(buyer, bought)

    answer = change(as_staff, plan)

    assert answer.status_code == 302
    assert any(model.objects.get().name.startswith("Nothing") for model in (Plan, Promotion, Coupon))
    assert told(buyer, bought) == before
    assert Allowance.objects.get(granted_for=bought.public_id).data_bytes == 10 * GB


@pytest.mark.parametrize("change", [edit_plan, import_plans])
def test_what_waits_for_its_turn_is_granted_as_it_was_sold(as_staff, plan, waiting, now, time_machine, change):
    change(as_staff, plan)
    after_the_first = now + timedelta(days=31)
    time_machine.move_to(after_the_first, tick=False)

    queueing.start_due(now=after_the_first)
    orders.fulfil(order_id=waiting.pk, carrier=FakeCarrier(), now=after_the_first)

    granted = Allowance.objects.get(granted_for=waiting.public_id)
    assert (granted.data_bytes, granted.ends_at - granted.starts_at) == (10 * GB, timedelta(days=30))
