"""Where profiles come from the operator's stock and none is left: said before payment, or paid back after it."""

import uuid

import pytest
from django.urls import reverse

from billing import ledger
from billing.models import Charge, Order
from billing.orders import fulfil, fulfil_due
from billing.purchases import is_sold_out
from esim import carriers
from esim.models import Line, SimCard, SimProfile
from tests import make
from tests.billing.books import NOW, paid_order
from tests.fakes.carrier import FakeCarrier
from tests.fakes.stocked_carrier import StockedCarrier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def carrier(monkeypatch):
    """A network that prepares profiles of our stock only, chosen by the settings."""
    carrier = StockedCarrier()
    monkeypatch.setitem(carriers.BUILDERS, "simulated", lambda: carrier)
    return carrier


def form(**fields):
    return {"form_key": str(uuid.uuid4()), "price_seen": "USD:1490", "pay_with": "new", **fields}


def new_line(owner, plan, **changes):
    return paid_order(Line(owner=owner), plan, kind=Order.Kind.NEW_LINE, line=None, **changes)


def test_sold_out_is_said_before_anybody_pays(as_subscriber, plan, carrier):
    address = reverse("billing:buy", args=[plan.public_id])

    page = as_subscriber.get(address)
    answer = as_subscriber.post(address, form())

    assert (page.status_code, answer.status_code) == (200, 409)
    assert "nothing was charged" in answer.content.decode()
    assert "price_seen" not in page.content.decode()
    assert not Order.objects.exists()
    assert not Charge.objects.exists()


def test_a_stock_that_holds_something_sells(as_subscriber, plan, carrier):
    make.make_card()

    answer = as_subscriber.post(reverse("billing:buy", args=[plan.public_id]), form())

    assert answer.status_code == 302
    assert Order.objects.count() == 1


def test_the_form_that_bought_the_last_one_leads_to_its_order_again(as_subscriber, plan, carrier):
    make.make_card()
    sent, address = form(), reverse("billing:buy", args=[plan.public_id])

    first = as_subscriber.post(address, sent)
    SimCard.objects.update(state=SimCard.State.WITHDRAWN)
    again = as_subscriber.post(address, sent)

    assert first.url == again.url
    assert as_subscriber.post(address, form(form_key="a\x00b")).status_code == 409


def test_what_others_have_paid_for_is_not_promised_again(subscriber, plan, carrier, now):
    make.make_card()
    make.make_card()

    one, other = new_line(subscriber, plan), new_line(subscriber, plan)
    assert is_sold_out(carrier=carrier)
    fulfil(order_id=one.pk, carrier=carrier, now=now)
    assert is_sold_out(carrier=carrier)
    make.make_card()
    assert not is_sold_out(carrier=carrier)
    fulfil(order_id=other.pk, carrier=carrier, now=now)
    assert not is_sold_out(carrier=carrier)


def test_a_renewal_needs_no_stock(as_subscriber, line, plan, carrier):
    address = reverse("billing:renew", args=[line.public_id]) + f"?plan={plan.public_id}"

    assert "price_seen" in as_subscriber.get(address).content.decode()


def test_other_networks_need_no_stock():
    assert not is_sold_out(carrier=FakeCarrier())


def test_who_lost_the_race_after_paying_has_the_money_back(subscriber, plan, carrier):
    make.make_card()
    orders = [new_line(subscriber, plan) for _ in range(3)]

    fulfil_due(carrier=carrier, now=NOW)

    states = sorted(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("state", flat=True))
    assert states == ["fulfilled", "undeliverable", "undeliverable"]
    assert ledger.wallet_balance(subscriber, "USD").minor == 2 * 1490
    card = SimCard.objects.get()
    assert (card.state, card.line) == (SimCard.State.USED, SimProfile.objects.get().line)
    assert Line.objects.in_use().get() == card.line


def test_a_card_whose_profile_was_refused_is_for_sale_again(subscriber, plan, carrier):
    make.make_card()
    carrier.refusing["order_profile"] = "maintenance"

    fulfil(order_id=new_line(subscriber, plan).pk, carrier=carrier, now=NOW)

    assert SimCard.objects.get().state == SimCard.State.AVAILABLE
    assert ledger.wallet_balance(subscriber, "USD").minor == 1490
    assert not Line.objects.in_use().exists()


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_card(subscriber, plan, carrier):
    make.make_card()
    make.make_card()
    carrier.losing.add("order_profile")
    order = new_line(subscriber, plan)

    fulfil(order_id=order.pk, carrier=carrier, now=NOW)
    assert SimCard.objects.filter(state=SimCard.State.RESERVED).count() == 1
    carrier.losing.clear()
    order.refresh_from_db()
    fulfil(order_id=order.pk, carrier=carrier, now=order.fulfil_due_at)

    order.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert len(carrier.given) == 1
    assert SimCard.objects.filter(state=SimCard.State.AVAILABLE).count() == 1
