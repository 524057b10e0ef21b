"""What people are told about their refunds and disputes."""

import pytest

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from billing import disputes, refund_settlement, taking_back
from billing.gateways.base import RefundState
from billing.models import Charge, Dispute, Order, Refund
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(line, plan, gateway, carrier):
    """A renewal for US$14.90 that was paid by card and delivered."""
    order = delivered(line, plan, gateway=gateway, carrier=carrier)
    Notification.objects.all().delete()
    return order


@pytest.fixture
def refund(order):
    charge = order.charges.get()
    Charge.objects.update(method=make.make_method(owner=order.owner), refunded_amount=500)
    charge.refresh_from_db()
    return make.make_refund(charge=charge, amount=500)


def written(reader):
    """Return subject, body and SMS of the only notice."""
    notice = Notification.objects.get()
    letter = write_email(kind=notice.kind, user=reader, context=notice.context)
    return letter.subject, letter.body, write_sms(kind=notice.kind, user=reader, context=notice.context)


def settle(refund, gateway, state):
    refund_settlement.begin(refund, now=NOW)
    refund_id = gateway.give_back(refund_settlement.transaction_of(refund.charge), refund.money, key=refund.public_id)
    gateway.refund_says(refund_id, state)
    refund_settlement.settle(refund_id=refund.pk, result=gateway.refunds[refund_id], now=NOW)


def test_money_back_on_the_card_says_which_card_and_when(refund, gateway, subscriber):
    settle(refund, gateway, RefundState.SUCCEEDED)

    subject, body, sms = written(subscriber)

    assert subject == "US$5.00 was refunded"
    assert body.startswith("US$5.00 was refunded to your Visa 4242. Your bank shows it within 5 to 10 days.")
    assert "It was paid for Europe 10 GB." in body
    assert f"/orders/{refund.order.public_id}/" in body
    assert len(sms) < 160


def test_money_on_its_way_says_so(refund, gateway, subscriber):
    settle(refund, gateway, RefundState.PENDING)

    assert written(subscriber)[0] == "US$5.00 is on its way back to you"


def test_money_in_the_balance_can_be_used_at_once(refund, subscriber):
    Refund.objects.update(goes_to=Refund.Destination.BALANCE)
    refund.refresh_from_db()
    refund_settlement.begin(refund, now=NOW)

    subject, body, _sms = written(subscriber)

    assert subject == "US$5.00 is back in your balance"
    assert "You can use it at once." in body


def test_a_failed_refund_is_staffs_to_solve_first(refund, gateway):
    settle(refund, gateway, "lost_or_stolen_card")

    assert not Notification.objects.exists()


def test_what_could_not_be_taken_back_says_that_nothing_changed(order, carrier, subscriber):
    order.line.profiles.update(download_state="enabled")
    carrier.refusing = {"revoke": "used"}
    Order.objects.update(state=Order.State.TAKING_BACK, lease_until=NOW)
    taking_back.take_back(order_id=order.pk, carrier=carrier, now=NOW)

    subject, body, _sms = written(subscriber)

    assert subject == "Europe 10 GB could not be given back"
    assert "you still have the plan, and it stays paid with US$14.90" in body


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        ("open", "Your payment of US$14.90 is disputed"),
        ("won", "The payment of US$14.90 stands"),
        ("lost", "Your bank took back the payment of US$14.90"),
    ],
)
def test_a_dispute_says_how_it_stands(order, gateway, subscriber, state, subject):
    charge = order.charges.get()
    for step in dict.fromkeys(["open", state]):
        Notification.objects.all().delete()
        dispute_id = gateway.dispute(charge.gateway_payment_id, state=step)
        disputes.record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=NOW)

    assert written(subscriber)[0] == subject


def test_a_disputed_top_up_says_that_the_balance_is_held(line, gateway, carrier, subscriber):
    what = {"kind": Order.Kind.CREDIT, "line": None, "plan": None, "price": Money(2000, "USD")}
    charge = delivered(line, None, gateway=gateway, carrier=carrier, **what).charges.get()
    Notification.objects.all().delete()

    dispute_id = gateway.dispute(charge.gateway_payment_id)
    disputes.record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=NOW)

    assert "that much of your balance is held" in written(subscriber)[1]
    assert Dispute.objects.get().frozen == Money(2000, "USD")
