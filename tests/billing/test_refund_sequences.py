"""Whatever staff, banks and payers do in whatever order: no more leaves than was paid, and the books say so."""

from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import disputes, ledger, refund_requests, refundable, refunds
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Refund
from billing.refund_requests import Wish
from billing.refundable import CannotGiveBack
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered, fund
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db

PAID = 1000
TO = Refund.Destination
LIMITS = {"USD": Money(600, "USD")}
STEPS = st.one_of(
    st.tuples(st.just("give"), st.integers(1, PAID), st.sampled_from([TO.PAYER, TO.BALANCE])),
    st.tuples(st.just("give"), st.sampled_from([PAID // 3, PAID // 2, PAID]), st.just(TO.PAYER)),
    st.tuples(st.just("send"), st.sampled_from(["succeeded", "pending", "lost_or_stolen_card"])),
    st.tuples(st.just("lose the answer")),
    st.tuples(st.just("ask")),
    st.tuples(st.just("bank says"), st.sampled_from(["succeeded", "lost_or_stolen_card"])),
    st.tuples(st.just("approve")),
    st.tuples(st.just("refuse")),
    st.tuples(st.just("try again"), st.sampled_from([TO.PAYER, TO.BALANCE])),
    st.tuples(st.just("dispute"), st.sampled_from(["open", "won", "lost"])),
)


class Shop:
    """A paid order, two members of staff, a gateway with a mind of its own."""

    def __init__(self, line, plan, *, staff):
        self.gateway = FakeGateway()
        fund(line.owner, Money(490, "USD"))
        self.order = delivered(line, plan, gateway=self.gateway, carrier=FakeCarrier(), use_wallet=True)
        self.charge = self.order.charges.get()
        self.staff, self.second = staff, make.make_user(is_staff=True)
        self.balance_before = ledger.wallet_balance(line.owner, "USD").minor

    def take(self, step, *how):
        with suppress(CannotGiveBack):
            getattr(self, step.replace(" ", "_"))(*how)

    def check(self):
        charge, order = Charge.objects.get(), Order.objects.get()
        live = sum(charge.refunds.live().values_list("amount", flat=True))
        to_balance = ledger.wallet_balance(order.owner, "USD").minor - self.balance_before
        assert 0 <= charge.refunded_amount == live <= charge.amount
        assert order.state == Order.State.FULFILLED
        assert self.gateway.left_us(charge.gateway_payment_id) + to_balance <= order.amount

    def give(self, minor, goes_to):
        wish = Wish(order=self.order, money=Money(minor, "USD"), goes_to=goes_to, reason="goodwill", note="x")
        refund_requests.request(wish=wish, actor=self.staff, ip=None, limits=LIMITS, now=NOW)

    def send(self, outcome):
        self.gateway.refund_outcome = outcome
        refunds.send_all(order_id=self.order.pk, gateways={"sandbox": self.gateway}, now=NOW)

    def lose_the_answer(self):
        self.gateway.losing = {"refund"}
        self.send("succeeded")
        self.gateway.losing = set()

    def ask(self):
        Refund.objects.update(check_due_at=NOW)
        refunds.settle_refunds(gateway=self.gateway, now=NOW)

    def bank_says(self, answer):
        for refund in Refund.objects.exclude(gateway_refund_id=None):
            result = self.gateway.refunds[refund.gateway_refund_id]
            if result.state == "pending" or (result.state == "succeeded" and answer != "succeeded"):
                self.gateway.refund_says(result.refund_id, answer)
                refunds.settle(refund_id=refund.pk, result=self.gateway.refunds[result.refund_id], now=NOW)

    def approve(self):
        for refund in Refund.objects.filter(state="requested"):
            refund_requests.approve(refund=refund, actor=self.second, ip=None, now=NOW)

    def refuse(self):
        for refund in Refund.objects.filter(state="requested"):
            refund_requests.refuse(refund=refund, why="x", actor=self.second, ip=None, now=NOW)

    def try_again(self, goes_to):
        for refund in Refund.objects.unsolved():
            refund_requests.try_again(refund=refund, goes_to=goes_to, actor=self.staff, ip=None, now=NOW)

    def dispute(self, state):
        known = self.gateway.disputes.get(f"dp_{self.charge.gateway_payment_id}")
        # A bank opens a case once and decides it once.
        if (known is None) == (state == "open") and (known is None or known.state == "open"):
            self.gateway.dispute(self.charge.gateway_payment_id, state=state)
            report = self.gateway.look_up_dispute(f"dp_{self.charge.gateway_payment_id}")
            disputes.record(charge=self.charge, report=report, now=NOW)


def live_through(steps, *, line, plan, staff):
    with transaction.atomic():
        shop = Shop(line, plan, staff=staff)
        for step in steps:
            shop.take(*step)
            shop.check()
        assert broken_invariants(now=NOW) == {}
        transaction.set_rollback(True)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=QUIET)
@given(steps=st.lists(STEPS, max_size=10))
def test_refunds_in_any_order_give_back_no_more_than_was_paid(line, plan, staff, steps):
    live_through(steps, line=line, plan=plan, staff=staff)


@pytest.mark.slow
def test_long_histories_of_refunds_give_back_no_more_than_was_paid(line, plan, staff, sample):
    @settings(max_examples=100 // sample.parts, deadline=None, suppress_health_check=QUIET)
    @given(steps=st.lists(STEPS, min_size=10, max_size=30))
    def any_history(steps):
        live_through(steps, line=line, plan=plan, staff=staff)

    any_history()


def test_control_a_refund_that_is_not_counted_is_found(line, plan, staff, monkeypatch):
    monkeypatch.setattr(refundable, "_counted", lambda *_: True)

    with pytest.raises(AssertionError):
        live_through([("give", 500, TO.BALANCE), ("give", 500, TO.BALANCE)], line=line, plan=plan, staff=staff)
    transaction.set_rollback(False)
