"""Many at once on one refund; each race has a control that shows it can be lost."""

import time
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from billing import ledger, refund_requests, refund_settlement, refundable, refunds, taking_back, undelivered
from billing.invariants import broken_invariants
from billing.models import Charge, LedgerAccount, LedgerEntry, Order, OrderQuerySet, Refund
from billing.refund_offers import AlreadyUndone, CannotRefund
from billing.refund_requests import Wish
from billing.refundable import MoreThanWasPaid, RefundUnderWay
from esim import usage
from esim.carriers.base import UsageReport
from esim.models import Allowance
from portal.lib.data_size import MB
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered, fund
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 50
WITHIN = timedelta(days=14)
TO_PAYER = Refund.Destination.PAYER
NO_LIMIT = Money(1_000_000, "USD")


@pytest.fixture
def order(line, plan, gateway, carrier):
    """A renewal for US$14.90 that was paid by card and delivered; the accounts of refunds are open already."""
    # Opening an account would line the crowd up, and the race would be over before it began.
    LedgerAccount.objects.create(kind="refunding", currency="USD")
    return delivered(line, plan, gateway=gateway, carrier=carrier)


def press(order, *, gateway, carrier):
    """Press the button as many tabs at once, each with a worker behind it."""

    def one(_number):
        seen = Order.objects.select_related("line", "owner", "plan").get(pk=order.pk)
        taking_back.undo(order=seen, goes_to=TO_PAYER, ip=None, carrier=carrier, within=WITHIN, now=NOW)
        taking_back.take_back(order_id=order.pk, carrier=carrier, now=NOW)
        refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)

    return together(CROWD, one)


def test_the_button_pressed_by_many_gives_back_once(order, gateway, carrier):
    with slowed("billing_refund", "INSERT", seconds=0.02):
        outcomes = press(order, gateway=gateway, carrier=carrier)

    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, CannotRefund) for outcome in outcomes if outcome is not None)
    assert Refund.objects.count() == len(gateway.refunds) == 1
    assert gateway.left_us(order.charges.get().gateway_payment_id) == 1490
    assert broken_invariants(now=NOW) == {}


def clean_up():
    Refund.objects.all().delete()
    Charge.objects.update(refunded_amount=0)


def test_control_without_its_guards_the_button_gives_back_many_times(order, gateway, carrier, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(refundable, "is_being_refunded", lambda *_: look_and_wait())
    monkeypatch.setattr(refundable, "_counted", lambda *_: True)
    monkeypatch.setattr(taking_back.taking_back, "reserve", lambda **_: None)
    monkeypatch.setattr(OrderQuerySet, "to_take_back", lambda self, _now: self.none())

    with without_constraint(Refund, "refund_one_open_a_charge", clean_up=clean_up):
        press(order, gateway=gateway, carrier=carrier)

        assert Refund.objects.count() > 1


def look_and_wait():
    time.sleep(0.1)
    return False


def give(order, minor, *, staff):
    wish = Wish(order=order, money=Money(minor, "USD"), goes_to=Refund.Destination.BALANCE, reason="goodwill", note="x")
    return refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": NO_LIMIT}, now=NOW)


def have_paid_back(order, *, gateway, staff):
    """Press the button of an order that was not delivered in many tabs, while staff pay it back, too."""

    def one(number):
        seen = Order.objects.select_related("line", "owner", "plan").get(pk=order.pk)
        if number % 2:
            wish = Wish(order=seen, money=seen.total, goes_to=TO_PAYER, reason="undeliverable", note="x")
            refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": NO_LIMIT}, now=NOW)
        else:
            undelivered.pay_back(order=seen, ip=None, now=NOW)
        refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)

    return together(20, one)


@pytest.fixture
def refused(line, plan, gateway, carrier, subscriber):
    """An order that the network refused; the balance holds more than its price."""
    LedgerAccount.objects.create(kind="refunding", currency="USD")
    fund(subscriber, Money(90_000, "USD"))
    carrier.refusing = {"grant": "no capacity"}
    return delivered(line, plan, gateway=gateway, carrier=carrier)


def test_what_was_not_delivered_is_paid_back_once_whoever_asks(refused, gateway, staff, subscriber):
    with slowed("billing_refund", "INSERT", seconds=0.02):
        outcomes = have_paid_back(refused, gateway=gateway, staff=staff)

    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, refundable.CannotGiveBack) for outcome in outcomes if outcome is not None)
    assert Refund.objects.count() == len(gateway.refunds) == 1
    assert ledger.wallet_balance(subscriber, "USD") == Money(90_000, "USD")
    assert broken_invariants(now=NOW) == {}


def test_control_without_its_guards_it_is_paid_back_many_times(refused, gateway, staff, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(refundable, "is_being_refunded", lambda *_: look_and_wait())
    monkeypatch.setattr("billing.refund_offers.is_being_refunded", lambda *_: look_and_wait())
    monkeypatch.setattr(refundable, "_counted", lambda *_: True)

    with without_constraint(Refund, "refund_one_open_a_charge", clean_up=clean_up):
        have_paid_back(refused, gateway=gateway, staff=staff)

        assert Refund.objects.count() > 1


def test_staff_who_refund_at_once_give_no_more_than_was_paid(order, staff, subscriber):
    outcomes = together(20, lambda _number: give(order, 200, staff=staff))

    assert sum(isinstance(outcome, list) for outcome in outcomes) == 7
    assert all(isinstance(outcome, MoreThanWasPaid | RefundUnderWay | list) for outcome in outcomes)
    assert ledger.wallet_balance(subscriber, "USD") == Money(1400, "USD")
    assert broken_invariants(now=NOW) == {}


def test_without_row_locks_they_still_give_no_more_than_was_paid(order, staff, subscriber, monkeypatch):
    """The last line of defence: what is given back is counted by a conditional update."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(refundable, "is_being_refunded", lambda *_: False)
    with without_constraint(Refund, "refund_one_open_a_charge", clean_up=lambda: None):
        together(20, lambda _number: give(order, 200, staff=staff))

    assert ledger.wallet_balance(subscriber, "USD") == Money(1400, "USD")


def test_control_counting_by_look_and_write_gives_more_than_was_paid(order, staff, subscriber, monkeypatch):
    def look_then_write(refund, change):
        charge = Charge.objects.get(pk=refund.charge_id)
        if charge.refunded_amount + change > charge.amount:
            return False
        time.sleep(0.1)
        Charge.objects.filter(pk=charge.pk).update(refunded_amount=charge.refunded_amount + change)
        return True

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(refundable, "is_being_refunded", lambda *_: False)
    monkeypatch.setattr(refundable, "_counted", look_then_write)
    with without_constraint(Refund, "refund_one_open_a_charge", clean_up=lambda: None):
        together(20, lambda _number: give(order, 1400, staff=staff))

    assert ledger.wallet_balance(subscriber, "USD") > Money(1490, "USD")


def test_an_answer_recorded_by_many_is_booked_once(order, staff, gateway):
    (refund,) = refund_requests.request(
        wish=Wish(order=order, money=Money(500, "USD"), goes_to=TO_PAYER, reason="goodwill", note="x"),
        actor=staff, ip=None, limits={"USD": Money(500, "USD")}, now=NOW,
    )  # fmt: skip
    gateway.losing = {"refund"}
    refunds.send(refund=refund, gateway=gateway, now=NOW)
    result = gateway.look_up_refund(refund_id="", key=refund.public_id, transaction_id="")

    with slowed("billing_refund", "UPDATE", seconds=0.02):
        together(20, lambda _number: refund_settlement.settle(refund_id=refund.pk, result=result, now=NOW))

    assert LedgerEntry.objects.filter(kind="refunded").count() == 1


def test_usage_and_refund_at_once_agree(order, gateway, carrier):
    """Whichever comes first: what was used is not given back, and what is given back is not used."""
    report = UsageReport(record_id="r1", at=NOW, data_bytes=MB)

    def one(number):
        seen = Order.objects.select_related("line", "owner", "plan").get(pk=order.pk)
        if number % 2:
            usage.ingest(line=seen.line, reports=[report], source="simulated", now=NOW)
        else:
            taking_back.undo(order=seen, goes_to=TO_PAYER, ip=None, carrier=carrier, within=WITHIN, now=NOW)

    with slowed("esim_allowance", "UPDATE", seconds=0.05):
        together(8, one)

    granted = Allowance.objects.get()
    assert (granted.used_bytes > 0) != (granted.taken_back_at is not None)


def test_of_many_who_approve_one_begins_it(order, staff):
    wish = Wish(order=order, money=Money(500, "USD"), goes_to=TO_PAYER, reason="goodwill", note="x")
    (refund,) = refund_requests.request(wish=wish, actor=staff, ip=None, limits={}, now=NOW)
    others = [make.make_user(is_staff=True) for _number in range(8)]

    outcomes = together(
        8, lambda number: refund_requests.approve(refund=refund, actor=others[number], ip=None, now=NOW)
    )

    assert sorted(outcomes) == [False] * 7 + [True]
    assert LedgerEntry.objects.filter(kind="refunding").count() == 1


def test_who_comes_too_late_hears_that_it_is_undone(order, gateway, carrier):
    outcomes = press(order, gateway=gateway, carrier=carrier)

    assert any(isinstance(outcome, AlreadyUndone) for outcome in outcomes)
