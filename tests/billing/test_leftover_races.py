"""Many of the staff at once at one leftover balance; the race has a control that shows it can be lost."""

import pytest
from django.db.models import QuerySet

from accounts.models import AccountClosing
from billing import leftovers
from billing.invariants import broken_invariants
from billing.leftovers import NothingToClear
from billing.models import LedgerAccount, LedgerEntry, Leftover
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 20
LIMITS = {"USD": Money(500, "USD")}


@pytest.fixture
def wallet(subscriber):
    """US$5.00 of a closed account; the account it is written off to is open already."""
    LedgerAccount.objects.create(kind="unclaimed", currency="USD")
    fund(subscriber, Money(500, "USD"))
    ended = {"state": "closed", "closes_at": NOW, "look_at": NOW, "ended_at": NOW}
    AccountClosing.objects.create(user=subscriber, **ended)
    return LedgerAccount.objects.get(owner=subscriber)


def ask(wallet, *, staff, limits=LIMITS):
    way = Leftover.Way.WRITTEN_OFF
    return leftovers.request(wallet=wallet, way=way, reason="Old", actor=staff, ip=None, limits=limits, now=NOW)


def written_off():
    return LedgerEntry.objects.filter(kind="unclaimed").count()


def test_asked_for_by_many_it_is_cleared_once(wallet, staff):
    with slowed("billing_leftover", "INSERT", seconds=0.02):
        outcomes = together(CROWD, lambda _number: ask(wallet, staff=staff))

    assert sum(isinstance(outcome, NothingToClear) for outcome in outcomes) == CROWD - 1
    assert (Leftover.objects.count(), written_off()) == (1, 1)
    assert broken_invariants(now=NOW) == {}


def test_approved_by_many_it_is_cleared_once(wallet, staff):
    leftover = ask(wallet, staff=staff, limits={})
    people = [make.make_user(is_staff=True) for _ in range(CROWD)]

    with slowed("billing_leftover", "UPDATE", seconds=0.02):
        done = together(
            CROWD, lambda number: leftovers.approve(leftover=leftover, actor=people[number], ip=None, now=NOW)
        )

    assert sorted(done) == [False] * (CROWD - 1) + [True]
    assert written_off() == 1
    assert broken_invariants(now=NOW) == {}


def test_control_without_its_lock_many_ask_for_the_same_money(wallet, staff, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    with without_constraint(Leftover, "leftover_one_open_an_account", clean_up=Leftover.objects.all().delete):
        with slowed("billing_leftover", "INSERT", seconds=0.1):
            together(CROWD, lambda _number: ask(wallet, staff=staff, limits={}))

        assert Leftover.objects.count() > 1
