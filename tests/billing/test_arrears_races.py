"""Many settle the same debt at once: one order, one charge."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from django.db import InternalError, connection, transaction
from django.db.models import QuerySet

from billing import arrears, checkout, disputes
from billing.checkout import FormReused
from billing.gateways.base import DisputeReport, DisputeState
from billing.models import Dispute, Order
from portal.lib.kept_sql import KeptPair
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, purchase_of
from tests.fakes.crowd import slowed, together, wait_for_a_slow_one

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 10


@pytest.fixture
def line(subscriber):
    """A line for whose delivered order the bank took US$14.90 back."""
    line = make.make_line(owner=subscriber)
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=NOW, confirmed_at=NOW)
    make.make_dispute(charge=make.make_charge(order=order), state="lost", is_withdrawn=True, closed_at=NOW)
    return line


def settle_once(line):
    wish = purchase_of(line, None, kind=Order.Kind.ARREARS, plan=None, price=Money(1490, "USD"))
    return arrears.place_order(purchase=wish, now=NOW)


def settle_together(line):
    with slowed("billing_order", "INSERT", seconds=0.05):
        return together(CROWD, lambda _number: settle_once(line))


def test_a_crowd_that_settles_places_one_order(line):
    answers = settle_together(line)

    assert len({order.pk for order in answers}) == 1
    assert Order.objects.filter(kind="arrears").count() == 1


def settle_with_a_form_that_buys_meanwhile(line):
    """Send one form twice at once, as a purchase and as a settlement; return what became of the settlement."""
    wish = purchase_of(line, make.make_plan(), form_key="one-form", price=Money(1490, "USD"))
    debt = replace(wish, kind=Order.Kind.ARREARS, plan=None)

    def one(number):
        if number:
            wait_for_a_slow_one()  # the purchase is written, and not committed
            return arrears.place_order(purchase=debt, now=NOW)
        return checkout.place_order(purchase=wish, now=NOW)

    with slowed("billing_order", "INSERT", seconds=1):
        return together(2, one)[1]


def test_a_form_that_bought_something_else_meanwhile_is_told_so(line):
    assert isinstance(settle_with_a_form_that_buys_meanwhile(line), FormReused)


def test_control_without_a_savepoint_the_transaction_would_be_of_no_use_any_more(line, monkeypatch):
    def add(self, row, dependent):
        self._first.add(row)
        dependent.order = row
        self._second.add(dependent)

    monkeypatch.setattr(KeptPair, "add", add)

    assert isinstance(settle_with_a_form_that_buys_meanwhile(line), InternalError)


def test_control_without_the_lock_several_are_placed(line, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    settle_together(line)

    assert Order.objects.filter(kind="arrears").count() > 1


def test_a_notice_about_what_is_being_settled_does_not_forget_who_settles_it(line, subscriber):
    lost, is_placed, is_recorded = Dispute.objects.get(), Event(), Event()
    report = DisputeReport(
        dispute_id=lost.gateway_dispute_id,
        transaction_id="",
        money=lost.money,
        state=DisputeState.LOST,
        reason="fraudulent",
        respond_by=None,
        withdrawn=True,
    )

    def settle():
        with transaction.atomic():
            settle_once(line)
            is_placed.set()
            is_recorded.wait(1)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        settling = pool.submit(settle)
        is_placed.wait(10)
        disputes.record(charge=lost.charge, report=report, now=NOW)
        is_recorded.set()
        settling.result()

    lost.refresh_from_db()
    assert lost.settled_by == Order.objects.get(kind="arrears")
