"""Many at once on one balance that is paid out: it leaves once, and nobody spends it meanwhile."""

import pytest

from billing import ledger, payouts
from billing.cards_of_balance import BalanceMoved
from billing.invariants import broken_invariants
from billing.ledger import InsufficientBalance
from billing.models import LedgerAccount, LedgerEntry, Order, Payout, Refund
from billing.payouts import NothingToPayOut
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered, fund
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 20
ALL = Money(2500, "USD")
LIMITS = {"USD": Money(100_000, "USD")}


@pytest.fixture
def wallet(line, gateway, carrier):
    """US$25.00, of which a card had paid US$20.00 in; the accounts that money goes to are open already."""
    for kind in ("refunding", "by_hand", "held"):
        LedgerAccount.objects.get_or_create(kind=kind, currency="USD")
    what = {"kind": Order.Kind.CREDIT, "line": None, "plan": None, "price": Money(2000, "USD")}
    delivered(line, None, gateway=gateway, carrier=carrier, **what)
    fund(line.owner, Money(500, "USD"))
    return LedgerAccount.objects.get(owner=line.owner)


def ask(wallet, actor, *, limits=LIMITS):
    return payouts.request(wallet=wallet, money=ALL, reason="Asked", actor=actor, ip=None, limits=limits, now=NOW)


def test_asked_for_by_many_it_is_paid_out_once(wallet, staff):
    with slowed("billing_payout", "INSERT", seconds=0.02):
        outcomes = together(CROWD, lambda _number: ask(wallet, staff) and None)

    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, NothingToPayOut) for outcome in outcomes if outcome is not None)
    assert (Payout.objects.count(), Refund.objects.count()) == (1, 1)
    assert LedgerEntry.objects.filter(kind="paid_out").count() == 1
    assert broken_invariants(now=NOW) == {}


def test_approved_by_many_it_is_paid_out_once(wallet, staff):
    payout = ask(wallet, staff, limits={})
    colleagues = [make.make_user(is_staff=True) for _ in range(CROWD)]

    def one(number):
        seen = Payout.objects.select_related("account__owner").get(pk=payout.pk)
        if not payouts.approve(payout=seen, actor=colleagues[number], ip=None, now=NOW):
            raise LookupError

    outcomes = together(CROWD, one)

    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {LookupError}
    assert Refund.objects.get().approved_by_id == Payout.objects.get().decided_by_id
    assert broken_invariants(now=NOW) == {}


def test_spent_while_it_is_paid_out_it_is_one_or_the_other(wallet, staff):
    def one(number):
        if number % 2:
            ask(wallet, staff)
        else:
            ledger.move(
                kind=ledger.Kind.GIVEN_UP,
                debit=ledger.wallet(wallet.owner_id, "USD"),
                credit=ledger.given_up("USD"),
                money=ALL,
                key=f"closing:{number}",
                now=NOW,
            )

    LedgerAccount.objects.get_or_create(kind="given_up", currency="USD")
    outcomes = together(CROWD, one)

    assert outcomes.count(None) == 1
    lost = (NothingToPayOut, BalanceMoved, InsufficientBalance)
    assert all(isinstance(outcome, lost) for outcome in outcomes if outcome is not None)
    wallet.refresh_from_db()
    assert wallet.balance == 0
