"""A process that dies at any step of what people buy: they send the form again, and it is bought once.

Each run dies at one step of five, each day at others (`make slow ARGS="--sample all"`: at each).
"""

from datetime import timedelta

import pytest

from billing import charges, expiry, orders
from billing.checkout import place_order
from billing.models import Charge, GatewayEvent, Order
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund, purchase_of
from tests.faults.crashes import ROUNDS, die_everywhere

pytestmark = pytest.mark.django_db


def pay_on_page(order, *, gateway, now=NOW):
    """Open the page, pay there, and have the gateway call back; whatever was done already is not done again."""
    charge = charges.open_charge(order)
    if charge is None:
        return
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    payment_id = Charge.objects.get(pk=charge.pk).gateway_payment_id
    if gateway.payments[payment_id].state == "pending":
        gateway.bank_says(payment_id, "paid")
    GatewayEvent.objects.insert_once(
        gateway=gateway.name, event_id=f"evt_{payment_id}", kind="payment.succeeded", about="payment",
        payment_id=payment_id, payload={"key": charge.public_id}, now=now,
    )  # fmt: skip
    result = gateway.look_up(payment_id=payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now)


def buying(purchase):
    def story(*, gateway, carrier, now=NOW):
        order = place_order(purchase=purchase, now=now)
        pay_on_page(order, gateway=gateway, now=now)
        if Order.objects.get(pk=order.pk).state == Order.State.PAID:
            orders.fulfil(order_id=order.pk, carrier=carrier, now=now)

    return story


@pytest.mark.slow
@pytest.mark.parametrize("wallet", [0, 500, 1490])
@pytest.mark.parametrize("kind", [Order.Kind.NEW_LINE, Order.Kind.TOP_UP])
def test_dying_at_any_step_buys_once(line, plan, subscriber, kind, wallet, sample):
    make.make_allowance(line=line, plan=plan)
    pack = make.make_data_pack(prices={"USD": 1490})
    if wallet:
        fund(subscriber, Money(wallet, "USD"))
    wanted = {"line": None} if kind == Order.Kind.NEW_LINE else {"plan": pack}
    purchase = purchase_of(line, plan, kind=kind, use_wallet=bool(wallet), **wanted)

    ending, steps = die_everywhere(buying(purchase), sample=sample, again=buying(purchase))

    assert steps > 20
    assert ending["orders"] == {(kind, "fulfilled"): 1}
    assert ending["taken"] == (wallet < 1490)
    assert ending["granted"] == ending["notices"]["order_fulfilled"] == 1
    assert ending["lines"] == (2 if kind == Order.Kind.NEW_LINE else 1)


@pytest.mark.slow
def test_dying_at_any_step_of_adding_money_adds_it_once(line, plan, sample):
    purchase = purchase_of(line, plan, kind=Order.Kind.CREDIT, line=None, plan=None, price=Money(2000, "USD"))

    ending, _steps = die_everywhere(buying(purchase), sample=sample, again=buying(purchase))

    assert ending["balances"] == [("USD", 2000)]
    assert ending["taken"] == 1


@pytest.mark.slow
def test_dying_at_any_step_of_a_refusal_returns_the_money_once(line, plan, subscriber, sample):
    fund(subscriber, Money(1490, "USD"))
    purchase = purchase_of(line, plan, use_wallet=True)

    def story(*, gateway, carrier, now=NOW):
        carrier.refusing["grant"] = "no such profile"
        buying(purchase)(gateway=gateway, carrier=carrier, now=now)

    def later(*, gateway, carrier):
        story(gateway=gateway, carrier=carrier)

    ending, _steps = die_everywhere(story, sample=sample, again=later)

    assert ending["orders"] == {(Order.Kind.RENEWAL, "undeliverable"): 1}
    assert ending["balances"] == [("USD", 1490)]


@pytest.mark.slow
def test_dying_at_any_step_of_the_end_of_an_order_gives_the_balance_back_once(line, plan, subscriber, sample):
    fund(subscriber, Money(500, "USD"))
    order = place_order(purchase=purchase_of(line, plan, use_wallet=True), now=NOW)
    after = NOW + timedelta(hours=2)

    def story(*, gateway, carrier):
        expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=after)

    def prepared(gateway):
        charge = charges.open_charge(order)
        charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)

    ending, _steps = die_everywhere(
        story, sample=sample, prepared=prepared, rounds=[after + (moment - NOW) for moment in ROUNDS]
    )

    assert ending["orders"] == {(Order.Kind.RENEWAL, "expired"): 1}
    assert ending["balances"] == [("USD", 500)]
