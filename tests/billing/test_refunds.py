"""Money given back: once, no more than was paid, and to where it came from."""

from datetime import timedelta

import pytest

from accounts.models import Notification
from billing import ledger, refund_requests, refunds
from billing.gateways import configured
from billing.invariants import broken_invariants
from billing.ledger import InsufficientBalance
from billing.models import GatewayEvent, LedgerAccount, LedgerEntry, Order, Refund
from billing.refund_requests import InBalanceAlready, NotAll, OwnRequest, Wish
from billing.refundable import MoreThanWasPaid, RefundUnderWay
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, PRICE, delivered, fund, kinds

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LIMITS = {"USD": Money(10_000, "USD")}
State = Refund.State
TO_PAYER, TO_BALANCE = Refund.Destination.PAYER, Refund.Destination.BALANCE


@pytest.fixture(autouse=True)
def _books_are_right(db):
    yield
    assert broken_invariants(now=NOW) == {}


@pytest.fixture
def order(line, plan, gateway, carrier):
    """A renewal for US$14.90 that was paid by card and delivered."""
    return delivered(line, plan, gateway=gateway, carrier=carrier)


@pytest.fixture
def charge(order):
    return order.charges.get()


def wish(order, minor=1490, **changes):
    given = {"goes_to": TO_PAYER, "reason": Refund.Reason.COMPLAINT, "note": "Slow", "order": order}
    return Wish(**{**given, "money": Money(minor, "USD"), **changes})


def request(order, minor=1490, *, staff, limits=LIMITS, **changes):
    return refund_requests.request(
        wish=wish(order, minor, **changes), actor=staff, ip=None, limits=limits, now=NOW
    )


def give_back(order, minor=1490, *, staff, gateway, **changes):
    """Give money back and return the refund as it stands afterwards."""
    (refund,) = request(order, minor, staff=staff, **changes)
    return refunds.send(refund=refund, gateway=gateway, now=NOW)


def test_a_refund_goes_back_to_the_card(order, charge, staff, gateway):
    refund = give_back(order, 500, staff=staff, gateway=gateway)

    assert refund.state == State.SUCCEEDED
    assert kinds(order)[-2:] == ["refunding", "refunded"]
    assert gateway.given_back(charge.gateway_payment_id) == 500
    charge.refresh_from_db()
    assert charge.refunded == Money(500, "USD")


def test_part_of_the_price_back_leaves_the_order_as_it_is(order, staff, gateway):
    give_back(order, 500, staff=staff, gateway=gateway)
    give_back(order, 990, staff=staff, gateway=gateway)

    order.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert order.line.allowances.filter(taken_back_at=None).exists()
