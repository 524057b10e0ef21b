from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from billing import charges, ledger
from billing.charges import OrderNotPayable, PageUnavailable
from billing.gateways.base import KeptCard, PaymentState
from billing.models import Charge, LedgerEntry, Order, PaymentMethod
from portal.lib.money import Money
from tests import make
from tests.billing.books import PRICE, buy, fund, kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(line, plan):
    return buy(line, plan)


@pytest.fixture
def charge(order):
    return order.charges.get()


@pytest.fixture
def kept(line, plan, subscriber):
    """A charge of Ada's kept card, without Ada."""
    method = make.make_method(owner=subscriber, reference="card_ada")
    return buy(line, plan, method=method, off_session=True).charges.get()


def open_page(charge, gateway, now):
    return charges.open_page(
        charge=charge, gateway=gateway, return_url="https://portal.example/back/", locale="en", now=now
    )


def pay(charge, gateway, now, *, answer="paid", card=None):
    """Let the payer pay on the page and come back."""
    open_page(charge, gateway, now)
    gateway.bank_says(charge.gateway_payment_id, answer, card=card)
    return settle(charge, gateway, now)


def settle(charge, gateway, now):
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key=charge.public_id)
    return charges.settle(charge_id=charge.pk, result=result, now=now)


def test_a_page_is_opened_once(charge, gateway, now):
    first = open_page(charge, gateway, now)
    second = open_page(Charge.objects.get(), gateway, now)

    assert first == second
    assert gateway.calls == ["open_page"]
    assert Charge.objects.get().state == "pending"


def test_a_page_whose_answer_got_lost_is_the_same_page_next_time(charge, gateway, now):
    gateway.losing = {"open_page"}
    with pytest.raises(PageUnavailable):
        open_page(charge, gateway, now)

    gateway.losing = set()
    open_page(Charge.objects.get(), gateway, now)

    assert len(gateway.payments) == 1


def test_no_page_is_opened_for_an_attempt_that_is_over(charge, gateway, now):
    pay(charge, gateway, now)

    with pytest.raises(OrderNotPayable):
        open_page(Charge.objects.get(), gateway, now)


def test_paying_makes_the_order_paid_and_the_books_right(order, charge, gateway, now):
    settled = pay(charge, gateway, now)

    order.refresh_from_db()
    assert (settled.state, settled.settled_at) == ("succeeded", now)
    assert (order.state, order.paid_at, order.fulfil_due_at) == ("paid", now, now)
    assert kinds(order) == ["received", "sold"]


def test_settling_twice_takes_one_payment(order, charge, gateway, now):
    pay(charge, gateway, now)

    settle(Charge.objects.get(), gateway, now)

    assert kinds(order) == ["received", "sold"]


def test_a_decline_says_why_and_leaves_the_order_payable(order, charge, gateway, now):
    settled = pay(charge, gateway, now, answer="insufficient_funds")

    order.refresh_from_db()
    assert (settled.state, settled.decline_code) == ("declined", "insufficient_funds")
    assert order.state == "pending"
    assert charges.start_charge(order=order, gateway_name="sandbox", now=now).pk != charge.pk


def test_an_order_has_one_attempt_at_a_time(order, charge, now):
    assert charges.start_charge(order=order, gateway_name="sandbox", now=now).pk == charge.pk


def test_a_paid_order_takes_no_further_attempt(order, charge, gateway, now):
    pay(charge, gateway, now)

    with pytest.raises(OrderNotPayable):
        charges.start_charge(order=order, gateway_name="sandbox", now=now)


def test_an_abandoned_attempt_makes_room_for_another(order, charge, gateway, now):
    open_page(charge, gateway, now)

    left = charges.abandon(charge=charge, gateway=gateway, now=now)

    assert left.state == "abandoned"
    assert charges.start_charge(order=order, gateway_name="sandbox", now=now).pk != charge.pk


def test_an_attempt_paid_a_moment_ago_is_not_abandoned(order, charge, gateway, now):
    open_page(charge, gateway, now)
    gateway.bank_says(charge.gateway_payment_id, "paid")

    assert charges.abandon(charge=charge, gateway=gateway, now=now).state == "succeeded"
    assert Order.objects.get().state == "paid"


def test_an_attempt_stays_open_while_nobody_knows(charge, gateway, now):
    open_page(charge, gateway, now)
    gateway.down = {"close_page"}

    assert charges.abandon(charge=charge, gateway=gateway, now=now).state == "pending"


def test_an_attempt_that_never_reached_the_gateway_can_be_abandoned(charge, gateway, now):
    assert charges.abandon(charge=charge, gateway=gateway, now=now).state == "abandoned"


def test_money_after_a_decline_is_taken_as_paid(order, charge, gateway, now):
    pay(charge, gateway, now, answer="generic_decline")
    gateway.bank_says(charge.gateway_payment_id, "paid")

    settle(charge, gateway, now)

    assert Order.objects.get().state == "paid"
    assert kinds(order) == ["received", "sold"]


def test_an_older_answer_changes_nothing(order, charge, gateway, now):
    open_page(charge, gateway, now)
    old = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
    gateway.bank_says(charge.gateway_payment_id, "paid")
    settle(charge, gateway, now)

    for late in (old, replace(old, state=PaymentState.DECLINED), replace(old, state=PaymentState.ABANDONED)):
        charges.settle(charge_id=charge.pk, result=late, now=now)

    assert Charge.objects.get().state == "succeeded"


def test_a_second_payment_of_a_paid_order_becomes_balance(order, charge, gateway, subscriber, now):
    pay(charge, gateway, now, answer="generic_decline")
    second = charges.start_charge(order=order, gateway_name="sandbox", now=now)
    pay(second, gateway, now)

    gateway.bank_says(charge.gateway_payment_id, "paid")
    settle(charge, gateway, now)

    assert ledger.wallet_balance(subscriber, "USD") == PRICE
    assert kinds(order) == ["received", "sold", "received", "returned"]
    assert subscriber.notifications.filter(kind="payment_returned").count() == 1


@pytest.mark.parametrize("state", ["expired", "cancelled"])
def test_money_for_an_order_that_is_over_becomes_balance(state, order, charge, gateway, subscriber, now):
    open_page(charge, gateway, now)
    Order.objects.update(state=state)
    gateway.bank_says(charge.gateway_payment_id, "paid")

    settle(charge, gateway, now)

    assert Order.objects.get().state == state
    assert ledger.wallet_balance(subscriber, "USD") == PRICE


@pytest.mark.parametrize("wrong", [Money(1, "USD"), Money(1490, "EUR")], ids=["amount", "currency"])
def test_an_answer_about_other_money_is_not_settled(wrong, order, charge, gateway, now):
    open_page(charge, gateway, now)
    gateway.bank_says(charge.gateway_payment_id, "paid")
    gateway.misreport(charge.gateway_payment_id, wrong)

    settle(charge, gateway, now)

    order.refresh_from_db()
    assert (order.state, Charge.objects.get().state) == ("pending", "pending")
    assert str(wrong) in order.note
    assert not LedgerEntry.objects.exists()


def test_an_answer_about_another_payment_is_not_settled(order, charge, gateway, now):
    open_page(charge, gateway, now)
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")

    charges.settle(
        charge_id=charge.pk, result=replace(result, state=PaymentState.SUCCEEDED, payment_id="other"), now=now
    )

    assert Order.objects.get().state == "pending"


def test_balance_and_card_together_pay_an_order(line, plan, subscriber, gateway, now):
    fund(subscriber, Money(1000, "USD"))
    order = buy(line, plan, use_wallet=True)

    pay(order.charges.get(), gateway, now)

    order.refresh_from_db()
    assert order.state == "paid"
    assert kinds(order) == ["reserved", "received", "sold"]


def test_adding_money_is_done_when_it_is_paid(line, subscriber, gateway, now):
    order = buy(line, None, kind=Order.Kind.CREDIT, line=None, price=Money(2000, "USD"))

    pay(order.charges.get(), gateway, now)

    order.refresh_from_db()
    assert (order.state, order.confirmed_at) == ("fulfilled", now)
    assert ledger.wallet_balance(subscriber, "USD") == Money(2000, "USD")
    assert subscriber.notifications.filter(kind="money_added").count() == 1


CARD = KeptCard(
    reference="card_new", customer="usr_x", brand="Visa", last_four="4242", expires_month=12, expires_year=2030
)


def test_a_card_kept_on_the_page_is_saved_and_becomes_the_default(charge, gateway, subscriber, now):
    pay(charge, gateway, now, card=CARD)

    method = PaymentMethod.objects.get()
    assert (method.owner, method.reference, method.last_four) == (subscriber, "card_new", "4242")
    assert method.is_default


def test_a_second_card_leaves_the_default_alone(charge, gateway, subscriber, now):
    make.make_method(owner=subscriber, last_four="1881", is_default=True)

    pay(charge, gateway, now, card=CARD)

    assert not PaymentMethod.objects.get(reference="card_new").is_default


def test_a_kept_card_is_charged(kept, gateway, now):
    settled = charges.charge_saved(charge=kept, gateway=gateway, now=now)

    assert settled.state == "succeeded"
    assert gateway.calls == ["prepare", "charge_saved"]


def test_charging_a_kept_card_again_takes_the_money_once(kept, gateway, now):
    charges.charge_saved(charge=kept, gateway=gateway, now=now)

    charges.charge_saved(charge=Charge.objects.get(), gateway=gateway, now=now)
    charges.charge_saved(charge=kept, gateway=gateway, now=now)

    assert len(gateway.taken) == 1


@pytest.mark.parametrize("call", ["prepare", "charge_saved"])
def test_a_lost_answer_is_unknown_and_never_failed(call, kept, gateway, now):
    gateway.losing = {call}

    settled = charges.charge_saved(charge=kept, gateway=gateway, now=now)

    assert settled.state == "unknown"
    assert settled.settled_at is None


def test_a_kept_card_that_wants_its_owner_waits_for_them(kept, gateway, now):
    gateway.outcomes["card_ada"] = "needs_action"

    settled = charges.charge_saved(charge=kept, gateway=gateway, now=now)

    assert (settled.state, settled.page_url) == ("needs_action", "/confirm-at-fake/")


def test_a_card_removed_meanwhile_is_not_charged(kept, gateway, now):
    kept.method.removed_at = now
    kept.method.save()

    settled = charges.charge_saved(charge=kept, gateway=gateway, now=now)

    assert (settled.state, settled.decline_code) == ("declined", "card_gone")
    assert gateway.taken == []


def test_what_the_network_forbids_is_kept_as_a_final_no(charge, gateway, now):
    open_page(charge, gateway, now)
    plain_no = replace(
        gateway.payments[charge.gateway_payment_id],
        state=PaymentState.DECLINED,
        decline_code="insufficient_funds",
        advice="do_not_try_again",
    )

    settled = charges.settle(charge_id=charge.pk, result=plain_no, now=now)

    assert settled.decline_code == "do_not_try_again"


@pytest.mark.parametrize("end", ["succeeded", "declined", "abandoned"])
def test_no_two_charges_end_with_one_payment(line, plan, charge, end):
    make.make_charge(order=buy(line, plan), gateway_payment_id="pay_once", state="declined")

    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.filter(pk=charge.pk).update(
            gateway_payment_id="pay_once", state=end, settled_at=charge.created_at
        )

    Charge.objects.filter(pk=charge.pk).update(
        gateway_payment_id="pay_another", state=end, settled_at=charge.created_at
    )
    assert Charge.objects.get(pk=charge.pk).kept_payment_id == "pay_another"
