"""What is bought in the portal and delivered by eSIM Go: once, or the money comes back."""

from datetime import timedelta

import pytest

from billing import ledger
from billing.checkout import Purchase, place_order
from billing.models import Order
from billing.orders import fulfil
from esim.models import Allowance, CarrierProduct, SimProfile
from portal.lib.public_ids import make_public_id
from tests.billing.books import PRICE, fund
from tests.contracts.carrier_worlds import EsimGoWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(subscriber, now):
    with EsimGoWorld(subscriber=subscriber, now=now) as made:
        yield made


@pytest.fixture
def order(world):
    return bought(world)


def bought(world, *, line=None):
    """Buy a new line, or a renewal of one, from the balance."""
    fund(world.subscriber, PRICE)
    wishes = {"owner": world.subscriber, "kind": Order.Kind.RENEWAL if line else Order.Kind.NEW_LINE}
    purchase = Purchase(
        line=line, plan=world.plan, price=PRICE, form_key=make_public_id("form"), use_wallet=True, **wishes
    )
    return place_order(purchase=purchase, now=world.now)


def deliver(world, order, *, minutes=0):
    world.now += timedelta(minutes=minutes)
    return fulfil(order_id=order.pk, carrier=world.carrier, now=world.now)


def test_a_new_line_and_its_renewal_are_two_orders_there(world, order):
    done = deliver(world, order)
    renewal = deliver(world, bought(world, line=done.line))

    profile = SimProfile.objects.get(line=done.line)
    assert (done.state, renewal.state) == ("fulfilled", "fulfilled")
    assert len(world.fake.organisation.orders) == world.granted(profile.iccid) == 2
    assert profile.activation_code.startswith("1$rsp.esim-go.example$JQ-")
    assert Allowance.objects.filter(line=done.line).count() == 2


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "503", "garbage", "429"])
def test_an_order_that_met_trouble_is_delivered_by_a_later_sweep_and_paid_for_once(world, order, fault):
    world.fail("order_profile", fault)

    waiting = deliver(world, order)
    for minutes in (1, 5, 30):
        deliver(world, order, minutes=minutes)
    order.refresh_from_db()

    assert waiting.state == "fulfilling"
    assert order.state == "fulfilled"
    assert len(world.fake.organisation.orders) == world.profiles == 1


def test_a_no_of_theirs_returns_the_money(world, order, subscriber):
    world.refuse_orders()

    done = deliver(world, order)

    assert (done.state, done.note) == ("undeliverable", "The network refused: insufficient balance")
    assert ledger.wallet_balance(subscriber, "USD") == PRICE


def test_a_plan_whose_product_was_taken_away_meanwhile_returns_the_money(world, order, subscriber):
    CarrierProduct.objects.all().delete()

    assert deliver(world, order).state == "undeliverable"
    assert ledger.wallet_balance(subscriber, "USD") == PRICE
    assert world.fake.calls == []


@pytest.mark.slow
def test_while_two_of_three_answers_are_lost_everybody_gets_one_profile(world):
    orders = [bought(world) for _number in range(6)]
    world.fake.fail("POST /v2.5/orders", *["none", "drop_after", "drop_before"] * 2)

    for minutes in (0, 1, 5, 30, 60):
        world.now += timedelta(minutes=minutes)
        for order in orders:
            deliver(world, order)

    assert set(Order.objects.values_list("state", flat=True)) == {"fulfilled"}
    assert SimProfile.objects.count() == world.profiles == len(orders)
    assert len(world.fake.organisation.orders) == len(orders)
