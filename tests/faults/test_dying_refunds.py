"""A process that dies at any step of giving money back: it is given back once, and the plan is gone once."""

from contextlib import suppress
from datetime import timedelta

import pytest

from billing import disputes, refund_requests, refunds, taking_back
from billing.models import Order, Refund
from billing.refund_offers import CannotRefund
from billing.refund_requests import Wish
from billing.refundable import CannotGiveBack
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered, fund
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway
from tests.faults.crashes import die_everywhere

pytestmark = pytest.mark.django_db

State = Order.State


def bought(line, plan, /, *, outcome="succeeded", **changes):
    """Return an order that is paid and delivered, and a way to let each new gateway know of its payment."""
    first = FakeGateway()
    order = delivered(line, plan, gateway=first, carrier=FakeCarrier(), **changes)

    def prepared(gateway):
        gateway.payments.update(first.payments)
        gateway.by_key.update(first.by_key)
        gateway.refund_outcome = outcome

    return order, prepared


def giving_back(order):
    """Press the button, and let the worker do the rest."""

    def story(*, gateway, carrier):
        fresh = Order.objects.select_related("line", "owner", "plan").get(pk=order.pk)
        with suppress(CannotRefund):
            taking_back.undo(
                order=fresh,
                goes_to=Refund.Destination.PAYER,
                ip=None,
                carrier=carrier,
                within=timedelta(days=14),
                now=NOW,
            )
        taking_back.take_back(order_id=order.pk, carrier=carrier, now=NOW)
        refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)

    return story


def unless_written_down(story):
    """Tell the story again to whoever finds no trace of it: people look before they ask once more."""

    def again(*, gateway, carrier):
        if not Refund.objects.exists():
            story(gateway=gateway, carrier=carrier)

    return again


@pytest.mark.slow
@pytest.mark.parametrize("wallet", [0, 500, 1490])
def test_dying_at_any_step_of_giving_an_order_back_gives_it_back_once(line, plan, subscriber, wallet, sample):
    if wallet:
        fund(subscriber, Money(wallet, "USD"))
    order, prepared = bought(line, plan, use_wallet=bool(wallet))
    make.make_subscription(line=line, plan=plan, charge_due_at=order.ends_at - timedelta(days=1))

    ending, steps = die_everywhere(giving_back(order), sample=sample, again=giving_back(order), prepared=prepared)

    parts = [amount for amount in (1490 - wallet, wallet) if amount]
    assert steps > 40
    assert ending["orders"] == {(order.kind, State.REFUNDED): 1}
    assert ending["refunds"] == {(Refund.State.SUCCEEDED, amount): 1 for amount in parts}
    assert ending["given back"] == ([(1490 - wallet, "succeeded")] if wallet < 1490 else [])
    assert ending["allowances"] == 0


@pytest.mark.slow
def test_dying_at_any_step_of_a_refusal_leaves_the_plan_and_the_money(line, plan, sample):
    order, prepared = bought(line, plan)

    def story(*, gateway, carrier):
        carrier.used.add(order.public_id)
        giving_back(order)(gateway=gateway, carrier=carrier)

    ending, _steps = die_everywhere(story, sample=sample, prepared=prepared, again=unless_written_down(story))

    assert ending["orders"] == {(order.kind, State.FULFILLED): 1}
    assert ending["allowances"] == 1
    assert ending["given back"] == []
    assert {state for state, _amount in ending["refunds"]} == {Refund.State.REFUSED}


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["succeeded", "expired_or_canceled_card"])
def test_dying_at_any_step_of_a_refund_by_staff_moves_money_once(line, plan, staff, outcome, sample):
    order, prepared = bought(line, plan, outcome=outcome)
    wish = Wish(
        order=order,
        money=Money(500, "USD"),
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.GOODWILL,
        note="Sorry",
    )

    def story(*, gateway, carrier):
        with suppress(CannotGiveBack):
            refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)
        refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)

    ending, _steps = die_everywhere(story, sample=sample, prepared=prepared, again=unless_written_down(story))

    state = Refund.State.SUCCEEDED if outcome == "succeeded" else Refund.State.FAILED
    assert ending["refunds"] == {(state, 500): 1}
    assert len(ending["given back"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["won", "lost"])
def test_dying_at_any_step_of_a_dispute_books_it_once(line, plan, subscriber, answer, sample):
    what = {"kind": Order.Kind.CREDIT, "line": None, "plan": None, "price": Money(2000, "USD")}
    order, prepared = bought(line, None, **what)
    charge = order.charges.get()

    def story(*, gateway, carrier):
        dispute_id = f"dp_{charge.gateway_payment_id}"
        for state in ("open", answer):
            if state == answer or dispute_id not in gateway.disputes:  # no bank opens a case again
                gateway.dispute(charge.gateway_payment_id, state=state)
            disputes.record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=NOW)

    ending, _steps = die_everywhere(story, sample=sample, prepared=prepared, again=story)

    assert ending["disputes"] == {(answer, 2000, answer == "lost"): 1}
    assert ending["balances"] == [("USD", 2000 if answer == "won" else 0)]


def test_control_without_the_rounds_a_refund_that_died_stays_on_its_way(line, plan, sample):
    order, prepared = bought(line, plan)

    with pytest.raises(AssertionError, match="after dying at step"):
        die_everywhere(giving_back(order), sample=sample, prepared=prepared, rounds=[])
