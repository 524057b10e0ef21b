from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import ledger
from billing.checkout import FormReused, place_order
from billing.ledger import InsufficientBalance
from billing.models import Charge, LedgerEntry, Order
from portal.lib.money import Money
from tests import make
from tests.billing.books import PRICE, buy, fund, kinds, purchase_of

pytestmark = pytest.mark.django_db


def test_an_order_and_its_charge_are_committed_together(line, plan, now):
    order = buy(line, plan)

    charge = order.charges.get()
    assert (order.state, order.total, order.expires_at) == ("pending", PRICE, now + timedelta(hours=1))
    assert (charge.state, charge.money, charge.check_due_at) == ("created", PRICE, now + timedelta(minutes=5))


def test_an_order_copies_what_was_sold(line, plan):
    order = buy(line, plan)

    plan.name, plan.data_bytes = "Renamed", 1
    plan.save()

    order.refresh_from_db()
    assert order.plan_terms["name"] == "Europe 10 GB"
    assert order.plan_terms["data_bytes"] == 10 * 1000**3


def test_the_same_form_again_is_the_same_order(line, plan):
    purchase = purchase_of(line, plan)

    first = place_order(purchase=purchase, now=line.created_at)
    second = place_order(purchase=purchase, now=line.created_at + timedelta(hours=1))

    assert second.pk == first.pk
    assert Order.objects.count() == Charge.objects.count() == 1


def test_a_price_that_changed_meanwhile_makes_no_second_order(line, plan):
    first = buy(line, plan, form_key="form-1")

    second = buy(line, plan, form_key="form-1", price=Money(1690, "USD"))

    assert second.pk == first.pk
    assert second.total == PRICE


def test_a_form_is_not_good_for_something_else(line, plan, subscriber):
    buy(line, plan, form_key="form-1")
    other_line = make.make_line(owner=subscriber)

    with pytest.raises(FormReused):
        buy(other_line, plan, form_key="form-1")

    assert Order.objects.count() == 1


def test_a_balance_form_is_not_good_for_another_amount(line):
    wishes = {"kind": Order.Kind.CREDIT, "line": None, "form_key": "form-1"}
    buy(line, None, price=Money(2000, "USD"), **wishes)

    with pytest.raises(FormReused):
        buy(line, None, price=Money(5000, "USD"), **wishes)


def test_two_people_may_have_the_same_form_key(line, plan, stranger):
    mine = buy(line, plan, form_key="form-1")

    theirs = buy(make.make_line(owner=stranger), plan, form_key="form-1")

    assert mine.pk != theirs.pk


def test_the_balance_pays_first_and_the_card_the_rest(line, plan, subscriber):
    fund(subscriber, Money(1000, "USD"))

    order = buy(line, plan, use_wallet=True)

    assert order.state == "pending"
    assert order.wallet_part == Money(1000, "USD")
    assert order.charges.get().money == Money(490, "USD")
    assert ledger.wallet_balance(subscriber, "USD") == Money(0, "USD")
    assert kinds(order) == ["reserved"]


def test_a_balance_that_covers_all_pays_at_once(line, plan, subscriber, now):
    fund(subscriber, Money(2000, "USD"))

    order = buy(line, plan, use_wallet=True)

    assert (order.state, order.paid_at, order.fulfil_due_at) == ("paid", now, now)
    assert not order.charges.exists()
    assert ledger.wallet_balance(subscriber, "USD") == Money(510, "USD")
    assert kinds(order) == ["reserved", "sold"]


def test_a_balance_alone_must_cover_all(line, plan, subscriber):
    fund(subscriber, Money(1489, "USD"))

    with pytest.raises(InsufficientBalance):
        buy(line, plan, use_wallet=True, gateway="")

    assert not Order.objects.exists()
    assert ledger.wallet_balance(subscriber, "USD") == Money(1489, "USD")


def test_a_form_paid_from_the_balance_is_the_same_order_when_the_balance_is_gone(line, plan, subscriber):
    fund(subscriber, PRICE)
    wishes = {"use_wallet": True, "gateway": "", "form_key": "form-1"}

    first = buy(line, plan, **wishes)
    second = buy(line, plan, **wishes)

    assert second.pk == first.pk


def test_what_costs_nothing_is_paid_without_a_movement(line, plan):
    order = buy(line, plan, price=Money(0, "USD"))

    assert order.state == "paid"
    assert not LedgerEntry.objects.exists()


def test_a_period_is_bought_once_whichever_form_asks(line, plan):
    agreement = {"subscription": make.make_subscription(line=line, plan=plan), "period_index": 3}

    by_scheduler = buy(line, plan, **agreement)
    by_click = buy(line, plan, **agreement)

    assert by_click.pk == by_scheduler.pk


def test_a_period_that_nobody_paid_can_be_bought_again(line, plan):
    agreement = {"subscription": make.make_subscription(line=line, plan=plan), "period_index": 3}
    first = buy(line, plan, **agreement)
    Order.objects.filter(pk=first.pk).update(state="expired")

    second = buy(line, plan, **agreement)

    assert second.pk != first.pk


def test_an_order_without_a_way_to_pay_waits_for_one(line, plan):
    order = buy(line, plan, gateway="")

    assert order.state == "pending"
    assert not order.charges.exists()


def test_an_order_by_card_takes_two_statements(line, plan):
    purchase = purchase_of(line, plan)

    with CaptureQueriesContext(connection) as queries:
        place_order(purchase=purchase, now=line.created_at)

    assert [query["sql"].split()[0] for query in queries] == ["SAVEPOINT", "INSERT", "INSERT", "RELEASE"]
