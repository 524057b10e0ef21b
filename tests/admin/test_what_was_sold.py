"""Whatever staff change afterwards, what somebody bought stays what it was, on every page that tells of it."""

import io
import json
from datetime import timedelta
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from accounts import calendar_links
from accounts.notifications import deliver_due
from billing import discounts, orders, queueing
from billing.reminders import send_reminders
from esim import handing_over
from esim.models import Allowance, DailyUsage
from plans import catalogue
from plans.models import Coupon, Plan, Promotion
from portal.lib.data_size import GB
from portal.privacy import copies
from tests import make
from tests.admin.test_offers import coupon_form, promotion_form
from tests.admin.test_plans import plan_form, prices_form
from tests.api.conftest import Program, make_token
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
def following(line, plan, bought):
    """The same once more, delivered: it begins when the first one ends."""
    return delivered(line, plan, gateway=FakeGateway(), carrier=FakeCarrier())


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


CHANGES = [
    edit_plan,
    *(pytest.param(one, marks=pytest.mark.slow) for one in (import_plans, delete_price, edit_promotion, edit_coupon)),
]


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


@pytest.mark.parametrize("change", [edit_plan, pytest.param(import_plans, marks=pytest.mark.slow)])
def test_what_waits_for_its_turn_is_granted_as_it_was_sold(as_staff, plan, waiting, now, time_machine, change):
    change(as_staff, plan)
    after_the_first = now + timedelta(days=31)
    time_machine.move_to(after_the_first, tick=False)

    queueing.start_due(now=after_the_first)
    orders.fulfil(order_id=waiting.pk, carrier=FakeCarrier(), now=after_the_first)

    granted = Allowance.objects.get(granted_for=waiting.public_id)
    assert (granted.data_bytes, granted.ends_at - granted.starts_at) == (10 * GB, timedelta(days=30))


def opened(name, *, of=lambda order: order.line):
    def read(client, order):
        answer = client.get(reverse(name, args=[of(order).public_id]))
        assert answer.status_code == 200
        return answer.content.decode()

    return read


def answered(client, order):
    status, body = Program(client, make_token(order.owner)[1]).get(f"/lines/{order.line.public_id}/allowances")
    assert status == 200
    return json.dumps(body)


def copied(_client, order):
    with ZipFile(io.BytesIO(copies.content_of(order.owner))) as copy:
        return copy.read("esim-allowance.json").decode()


def fed(client, order):
    address = urlsplit(calendar_links.address_of(order.owner))
    return client.get(address.path).content.decode().replace("\r\n ", "")


READERS = {
    "front page": lambda client, _order: client.get(reverse("home")).content.decode(),
    "line": opened("line"),
    "usage": opened("esim:usage"),
    "queue": opened("billing:queue"),
    "starting a plan before its turn": opened("billing:queue_start", of=lambda order: order.line.queued_plans.get()),
    "advice": opened("line_advice"),
    "API": answered,
    "calendar": fed,
    "copy of their data": copied,
}


@pytest.fixture
def used(line, now):
    """A fifth of a GB on each of the last sixty days, and another plan that would do."""
    make.make_plan(code="other", name="Another", prices={"USD": 990}, countries=["FR", "DE"])
    days = [now.date() - timedelta(days=back) for back in range(1, 61)]
    DailyUsage.objects.bulk_create(DailyUsage(line=line, date=day, data_bytes=GB // 5) for day in days)


@pytest.mark.parametrize("change", [edit_plan, pytest.param(import_plans, marks=pytest.mark.slow)])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.usefixtures("used", "following", "waiting")
def test_a_line_is_told_of_as_its_plans_were_sold(as_staff, plan, bought, change, reader):
    buyer = Client()
    buyer.force_login(bought.owner)

    change(as_staff, plan)
    catalogue.cache.clear()

    text = READERS[reader](buyer, bought)
    assert "Europe 10 GB" in text
    assert "Nothing much" not in text
    assert "Antarctica" not in text


@pytest.mark.parametrize("reader", ["front page", "line"])
def test_a_line_works_where_it_was_sold_to_work(as_staff, plan, bought, reader):
    buyer = Client()
    buyer.force_login(bought.owner)

    edit_plan(as_staff, plan)

    assert "France, Germany" in READERS[reader](buyer, bought)


@pytest.mark.usefixtures("used")
def test_what_is_advised_works_where_the_plan_was_sold_to_work(as_staff, plan, bought):
    make.make_plan(code="cold", name="South Pole", prices={"USD": 10}, countries=["AQ"])
    buyer = Client()
    buyer.force_login(bought.owner)

    edit_plan(as_staff, plan)
    catalogue.cache.clear()

    text = READERS["advice"](buyer, bought)
    assert "Another" in text
    assert "South Pole" not in text


def test_the_letter_before_the_end_names_what_was_sold(as_staff, plan, bought, now, time_machine):
    edit_plan(as_staff, plan)
    a_week_before = now + timedelta(days=23)
    time_machine.move_to(a_week_before, tick=False)

    send_reminders(now=a_week_before)
    deliver_due(now=a_week_before)

    [letter] = [one for one in mail.outbox if " ends in 7 days" in one.subject]
    assert "Europe 10 GB" in letter.body
    assert "Nothing much" not in letter.body


def test_who_takes_over_a_card_gets_what_was_sold(as_staff, plan, bought, stranger, now):
    edit_plan(as_staff, plan)
    line = handing_over.hand_over(bought.line, profile=bought.line.profiles.get(), to=stranger, now=now)
    new_owner = Client()
    new_owner.force_login(stranger)

    page = new_owner.get(reverse("line", args=[line.public_id])).content.decode()

    assert "Europe 10 GB" in page
    assert "France, Germany" in page
