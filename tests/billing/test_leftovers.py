"""Staff clear what a closed account left behind: once, with a reason, above a limit with a second person."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AccountClosing, AuditEvent
from accounts.two_people import OwnRequest
from billing import ledger, left_behind, leftovers
from billing.cards_of_balance import BalanceMoved
from billing.leftovers import GoesBackByItself, NothingToClear
from billing.models import LedgerAccount, LedgerEntry, Leftover
from portal.admin_attention import needs_a_person
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

FIVE = Money(500, "USD")
NO_SECOND = {"USD": Money(10_000, "USD")}
ASK_FIRST = {"USD": Money(499, "USD")}
State, Way = Leftover.State, Leftover.Way
TO_CLEAR = "Balances of closed accounts that did not go back by themselves: pay them out, or write them off"
TO_DECIDE = "Balances of closed accounts that wait for a second person"


def close(user):
    AccountClosing.objects.create(user=user, state="closed", asked_at=NOW, closes_at=NOW, look_at=NOW, ended_at=NOW)


def wallet_of(user):
    return LedgerAccount.objects.get(owner=user, currency="USD")


def clear(user, *, actor, way=Way.WRITTEN_OFF, limits=NO_SECOND):
    """Ask for it, and return it as it stands afterwards."""
    leftover = leftovers.request(
        wallet=wallet_of(user), way=way, reason="Unclaimed for 3 years", actor=actor, ip=None, limits=limits, now=NOW
    )
    leftover.refresh_from_db()
    return leftover


def approve(leftover, actor):
    return leftovers.approve(leftover=leftover, actor=actor, ip=None, now=NOW)


def booked():
    entries = LedgerEntry.objects.filter(key__startswith="leftover:").order_by("pk")
    return list(entries.values_list("kind", "credit_account__kind", "amount"))


def on_the_front_page(staff):
    found = {str(one.title): one.count for one in needs_a_person(staff, NOW)}
    return found.get(TO_CLEAR, 0), found.get(TO_DECIDE, 0)


@pytest.fixture
def gone(subscriber):
    """Ada, whose account is closed and whose balance holds US$5.00 that no card had paid in."""
    fund(subscriber, FIVE)
    close(subscriber)
    return subscriber


@pytest.fixture
def second():
    return make.make_user(is_staff=True)


@pytest.mark.parametrize(
    ("way", "movement"),
    [(Way.WRITTEN_OFF, ("unclaimed", "unclaimed", 500)), (Way.BY_HAND, ("paid_out", "by_hand", 500))],
)
def test_all_of_it_leaves_the_balance(gone, staff, way, movement):
    assert on_the_front_page(staff) == (1, 0)

    leftover = clear(gone, actor=staff, way=way)

    assert (leftover.state, leftover.money, leftover.decided_by) == (State.CLEARED, FIVE, None)
    assert booked() == [movement]
    assert (wallet_of(gone).balance, on_the_front_page(staff)) == (0, (0, 0))


def test_the_trail_says_who_cleared_how_much_and_why(gone, staff):
    leftover = clear(gone, actor=staff)

    event = AuditEvent.objects.get(action="leftover.requested")
    assert (event.actor, event.subject, event.target) == (staff, gone, leftover.public_id)
    assert event.detail == {"amount": "USD 5.00", "way": "written_off", "reason": "Unclaimed for 3 years"}


@pytest.mark.parametrize("limits", [ASK_FIRST, {}, {"EUR": Money(10_000, "EUR")}])
def test_above_the_limit_it_waits_for_somebody_else(gone, staff, second, limits):
    leftover = clear(gone, actor=staff, limits=limits)
    assert (leftover.state, booked(), on_the_front_page(staff)) == (State.REQUESTED, [], (0, 1))

    with pytest.raises(OwnRequest):
        approve(leftover, staff)
    done = [approve(leftover, second), approve(leftover, second)]

    leftover.refresh_from_db()
    assert (done, leftover.state, leftover.decided_by) == ([True, False], State.CLEARED, second)
    assert booked() == [("unclaimed", "unclaimed", 500)]
    assert AuditEvent.objects.get(action="leftover.approved").actor == second


def test_in_parts_it_takes_a_second_person_all_the_same(gone, staff):
    limits = {"USD": Money(900, "USD")}
    clear(gone, actor=staff, limits=limits)
    fund(gone, FIVE)

    assert clear(gone, actor=staff, limits=limits).state == State.REQUESTED


def test_refused_it_stays_and_can_be_asked_for_again(gone, staff, second):
    leftover = clear(gone, actor=staff, limits=ASK_FIRST)
    with pytest.raises(OwnRequest):
        leftovers.refuse(leftover=leftover, why="Mine", actor=staff, ip=None, now=NOW)

    refused = [
        leftovers.refuse(leftover=leftover, why="She wrote to us", actor=second, ip=None, now=NOW) for _ in range(2)
    ]

    leftover.refresh_from_db()
    assert (refused, leftover.state, leftover.refusal) == ([True, False], State.REFUSED, "She wrote to us")
    assert (wallet_of(gone).balance, on_the_front_page(staff)) == (500, (1, 0))
    assert clear(gone, actor=staff, way=Way.BY_HAND).state == State.CLEARED


def test_nobody_asks_twice_at_a_time(gone, staff, second):
    clear(gone, actor=staff, limits=ASK_FIRST)

    with pytest.raises(NothingToClear):
        clear(gone, actor=second)


def test_the_balance_of_somebody_who_is_there_is_not_cleared(subscriber, staff):
    fund(subscriber, FIVE)
    AccountClosing.objects.create(user=subscriber, asked_at=NOW, closes_at=NOW, look_at=NOW)

    with pytest.raises(NothingToClear):
        clear(subscriber, actor=staff)


def test_an_account_of_ours_is_not_cleared(gone, staff):
    ours = LedgerAccount.objects.get(kind="gateway")

    with pytest.raises(NothingToClear):
        leftovers.request(
            wallet=ours, way=Way.WRITTEN_OFF, reason="Why not", actor=staff, ip=None, limits=NO_SECOND, now=NOW
        )


def test_what_a_card_still_takes_is_left_to_go_back_by_itself(credit, staff):
    close(credit.owner)

    with pytest.raises(GoesBackByItself):
        clear(credit.owner, actor=staff)

    left_behind.send_back(now=NOW)
    assert wallet_of(credit.owner).balance == 0


def test_while_somebody_decides_nothing_goes_back_by_itself(gone, staff, second, request):
    leftover = clear(gone, actor=staff, limits=ASK_FIRST)
    request.getfixturevalue("credit")

    assert left_behind.send_back(now=NOW) == 0
    approve(leftover, second)
    assert wallet_of(gone).balance == 2000
    assert left_behind.send_back(now=NOW) == 1


def test_a_balance_that_shrank_meanwhile_is_not_overdrawn(gone, staff, second):
    leftover = clear(gone, actor=staff, limits=ASK_FIRST)
    ledger.move(
        kind=ledger.Kind.GIVEN_UP,
        debit=ledger.wallet(gone.pk, "USD"),
        credit=ledger.given_up("USD"),
        money=Money(1, "USD"),
        key="closing:1",
        now=NOW,
    )

    with pytest.raises(BalanceMoved):
        approve(leftover, second)

    leftover.refresh_from_db()
    assert (leftover.state, wallet_of(gone).balance, booked()) == (State.REQUESTED, 499, [])


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"reason": ""}, {"state": "cleared"}, {"decided_at": NOW}],
    ids=["of nothing", "without a reason", "cleared at no time", "decided and waiting"],
)
def test_the_database_takes_no_half_a_decision(gone, staff, wrong):
    fields = {"amount": 500, "currency": "USD", "way": "by_hand", "reason": "Because", "requested_by": staff, **wrong}

    with pytest.raises(IntegrityError), transaction.atomic():
        Leftover.objects.create(account=wallet_of(gone), **fields)
