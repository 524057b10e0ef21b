"""Staff pay a balance out to somebody who stays: to their cards first, the rest by hand, above a limit by two of them."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AccountClosing, AuditEvent, Notification, OutboxMessage
from accounts.notifications import deliver_due
from accounts.two_people import LockedByOwner, OwnAccount, OwnRequest
from billing import ledger, payouts, refunds
from billing.cards_of_balance import BalanceMoved
from billing.models import LedgerAccount, LedgerEntry, Payout, Refund
from billing.payouts import BankDecides, NothingToPayOut, OwesSomething
from portal.admin_attention import needs_a_person
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund, lose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

FIVE, TWENTY = Money(500, "USD"), Money(2000, "USD")
NO_SECOND = {"USD": Money(10_000, "USD")}
ASK_FIRST = {"USD": Money(499, "USD")}
State = Payout.State
TO_DECIDE = "Payouts of balances that wait for a second person"
TO_TRANSFER = "Payouts to transfer at your bank: then write down its reference"


def wallet_of(user):
    return LedgerAccount.objects.get(owner=user, currency="USD")


def ask(user, actor, *, money=FIVE, limits=NO_SECOND):
    """Ask for it, and return it as it stands afterwards."""
    payout = payouts.request(
        wallet=wallet_of(user), money=money, reason="She moves away", actor=actor, ip=None, limits=limits, now=NOW
    )
    payout.refresh_from_db()
    return payout


def approve(payout, actor):
    done = payouts.approve(payout=payout, actor=actor, ip=None, now=NOW)
    payout.refresh_from_db()
    return done


def booked(payout):
    entries = LedgerEntry.objects.filter(key__startswith=f"payout:{payout.public_id}").order_by("pk")
    return list(entries.values_list("kind", "debit_account__kind", "credit_account__kind", "amount"))


def on_the_front_page(staff):
    found = {str(one.title): one.count for one in needs_a_person(staff, NOW)}
    return found.get(TO_DECIDE, 0), found.get(TO_TRANSFER, 0)


@pytest.fixture
def second():
    return make.make_user(is_staff=True)


@pytest.fixture
def rich(subscriber):
    """Ada, with US$5.00 in her balance that no card had paid in."""
    fund(subscriber, FIVE)
    return subscriber


def test_what_no_card_takes_leaves_the_balance_and_waits_for_a_transfer(rich, staff):
    payout = ask(rich, staff)

    assert (payout.state, payout.by_hand, payout.decided_by) == (State.TO_TRANSFER, FIVE, None)
    assert booked(payout) == [("paid_out", "wallet", "by_hand", 500)]
    assert (wallet_of(rich).balance, on_the_front_page(staff)) == (0, (0, 1))


def test_the_transfer_is_written_down_once_with_its_reference_and_told(rich, staff):
    payout = ask(rich, staff)

    noted = [
        payouts.note_transfer(payout=payout, reference="SEPA 4711", actor=staff, ip=None, now=NOW) for _ in range(2)
    ]

    payout.refresh_from_db()
    assert (noted, payout.state, payout.reference) == ([True, False], State.DONE, "SEPA 4711")
    assert on_the_front_page(staff) == (0, 0)
    assert Notification.objects.get(kind="payout_sent").context["reference"] == "SEPA 4711"


def test_what_a_card_had_paid_in_goes_back_there_and_only_the_rest_by_hand(credit, staff, gateway):
    owner = credit.owner
    fund(owner, FIVE)

    payout = ask(owner, staff, money=Money(2300, "USD"))

    refund = Refund.objects.get(payout=payout)
    assert (refund.money, refund.goes_to, refund.reason, refund.state) == (TWENTY, "payer", "paid_out", "created")
    assert (payout.by_hand, wallet_of(owner).balance) == (Money(300, "USD"), 200)
    refunds.send_all(order_id=credit.pk, gateways={gateway.name: gateway}, now=NOW)
    refund.refresh_from_db()
    assert refund.state in {"succeeded", "pending"}


def test_what_a_card_takes_whole_waits_for_nobody(credit, staff):
    payout = ask(credit.owner, staff, money=TWENTY)

    assert (payout.state, payout.by_hand_amount, booked(payout)) == (State.DONE, 0, [])
    assert (wallet_of(credit.owner).balance, on_the_front_page(staff)) == (0, (0, 0))


def test_what_a_gateway_would_not_give_back_is_in_the_balance_again_and_goes_by_hand_then(credit, staff, gateway):
    gateway.refund_outcome = "account closed"
    ask(credit.owner, staff, money=TWENTY)
    refunds.send_all(order_id=credit.pk, gateways={gateway.name: gateway}, now=NOW)
    assert (Refund.objects.get().state, wallet_of(credit.owner).balance) == ("failed", 2000)

    payout = ask(credit.owner, staff, money=TWENTY)

    assert (payout.state, payout.by_hand) == (State.TO_TRANSFER, TWENTY)


@pytest.mark.parametrize("limits", [ASK_FIRST, {}, {"EUR": Money(10_000, "EUR")}])
def test_above_the_limit_it_waits_for_somebody_else(rich, staff, second, limits):
    payout = ask(rich, staff, limits=limits)
    assert (payout.state, booked(payout), on_the_front_page(staff)) == (State.REQUESTED, [], (1, 0))
    assert wallet_of(rich).balance == 500

    with pytest.raises(OwnRequest):
        approve(payout, staff)
    assert [approve(payout, second), approve(payout, second)] == [True, False]

    assert (payout.state, payout.decided_by) == (State.TO_TRANSFER, second)
    assert AuditEvent.objects.get(action="payout.approved").actor == second


def test_in_parts_it_takes_a_second_person_all_the_same(rich, staff):
    limits = {"USD": Money(400, "USD")}

    states = [ask(rich, staff, money=Money(250, "USD"), limits=limits).state for _ in range(2)]

    assert states == [State.TO_TRANSFER, State.REQUESTED]


def test_nobody_pays_out_to_themselves_alone(staff, second):
    fund(staff, FIVE)

    payout = ask(staff, staff)
    assert payout.state == State.REQUESTED
    asked_by_a_colleague = Payout.objects.filter(pk=payout.pk)
    asked_by_a_colleague.update(requested_by=second)
    payout.refresh_from_db()
    with pytest.raises(OwnAccount):
        approve(payout, staff)


def test_nobody_writes_down_what_became_of_money_sent_to_themselves(staff, second):
    fund(staff, FIVE)
    payout = ask(staff, second)
    told = {"payout": payout, "actor": staff, "ip": None, "now": NOW}

    with pytest.raises(OwnAccount):
        payouts.note_transfer(reference="SEPA 4711", **told)
    payouts.note_transfer(reference="SEPA 4711", **{**told, "actor": second})
    with pytest.raises(OwnAccount):
        payouts.put_back(why="It never arrived", **told)

    assert wallet_of(staff).balance == 0


def test_refused_it_stays_and_can_be_asked_for_again(rich, staff, second):
    payout = ask(rich, staff, limits=ASK_FIRST)

    refused = [payouts.refuse(payout=payout, why="She stays", actor=second, ip=None, now=NOW) for _ in range(2)]

    payout.refresh_from_db()
    assert (refused, payout.state, wallet_of(rich).balance) == ([True, False], State.REFUSED, 500)
    assert ask(rich, staff).state == State.TO_TRANSFER


@pytest.mark.parametrize("noted", [False, True], ids=["never sent", "sent and came back"])
def test_a_transfer_that_does_not_arrive_is_balance_again_once(rich, staff, noted):
    payout = ask(rich, staff)
    if noted:
        payouts.note_transfer(payout=payout, reference="SEPA 4711", actor=staff, ip=None, now=NOW)

    back = [payouts.put_back(payout=payout, why="Account closed", actor=staff, ip=None, now=NOW) for _ in range(2)]

    payout.refresh_from_db()
    assert (back, payout.state, wallet_of(rich).balance) == ([True, False], State.RETURNED, 500)
    assert booked(payout)[1] == ("put_back", "by_hand", "wallet", 500)
    assert Notification.objects.filter(kind="payout_returned").exists()


def test_more_than_there_is_or_twice_at_a_time_is_not_paid_out(rich, staff, second):
    with pytest.raises(NothingToPayOut):
        ask(rich, staff, money=Money(501, "USD"))
    ask(rich, staff, limits=ASK_FIRST)
    with pytest.raises(NothingToPayOut):
        ask(rich, second, money=Money(1, "USD"))


def test_a_balance_that_shrank_meanwhile_is_not_overdrawn(rich, staff, second):
    payout = ask(rich, staff, limits=ASK_FIRST)
    ledger.move(
        kind=ledger.Kind.GIVEN_UP,
        debit=ledger.wallet(rich.pk, "USD"),
        credit=ledger.given_up("USD"),
        money=Money(1, "USD"),
        key="closing:1",
        now=NOW,
    )

    with pytest.raises(BalanceMoved):
        approve(payout, second)

    payout.refresh_from_db()
    assert (payout.state, wallet_of(rich).balance, booked(payout)) == (State.REQUESTED, 499, [])


def test_while_a_bank_decides_nothing_is_paid_out(credit, staff, second):
    fund(credit.owner, FIVE)
    payout = ask(credit.owner, staff, limits=ASK_FIRST)
    make.make_dispute(charge=credit.charges.get())

    with pytest.raises(BankDecides):
        approve(payout, second)
    payouts.refuse(payout=payout, why="A dispute", actor=second, ip=None, now=NOW)
    with pytest.raises(BankDecides):
        ask(credit.owner, staff)

    assert wallet_of(credit.owner).balance == 2500


def test_who_owes_something_is_paid_nothing(rich, order, charge, gateway, staff):
    lose(gateway, charge)

    with pytest.raises(OwesSomething):
        ask(rich, staff)


def test_a_locked_or_closed_account_is_not_paid_out(rich, staff):
    rich.locked_at = NOW
    rich.save()
    with pytest.raises(LockedByOwner):
        ask(rich, staff)
    rich.locked_at = None
    rich.save()
    AccountClosing.objects.create(user=rich, state="closed", closes_at=NOW, look_at=NOW, ended_at=NOW)
    with pytest.raises(NothingToPayOut):
        ask(rich, staff)


def test_an_account_of_ours_is_not_paid_out(rich, staff):
    ours = LedgerAccount.objects.get(kind="gateway")

    with pytest.raises(NothingToPayOut):
        payouts.request(wallet=ours, money=FIVE, reason="Why not", actor=staff, ip=None, limits=NO_SECOND, now=NOW)


def test_the_trail_and_a_letter_say_how_much_goes_where_and_why(rich, staff):
    payout = ask(rich, staff)

    event = AuditEvent.objects.get(action="payout.requested")
    assert (event.actor, event.subject, event.target) == (staff, rich, payout.public_id)
    assert event.detail == {"amount": "USD 5.00", "reason": "She moves away"}
    told = Notification.objects.get(kind="payout_begun")
    assert (told.context["by_hand"], told.context["to_cards"]) == ({"minor": 500, "currency": "USD"}, None)


def test_the_letters_name_each_part_on_every_channel(credit, staff, mailoutbox):
    owner = credit.owner
    owner.phone, owner.phone_verified, owner.notify_by_email = "+14155550101", True, False
    owner.save()
    fund(owner, FIVE)
    payout = ask(owner, staff, money=Money(2300, "USD"))
    payouts.note_transfer(payout=payout, reference="SEPA 4711", actor=staff, ip=None, now=NOW)
    payouts.put_back(payout=payout, why="No such account", actor=staff, ip=None, now=NOW)

    deliver_due(now=NOW)

    begun, sent, returned = mailoutbox[-3:]
    assert "US$20.00 goes back the way it was paid in" in begun.body
    assert "US$3.00 is transferred by us" in begun.body
    assert "We transferred US$3.00 of your former balance to you" in sent.body
    assert "SEPA 4711" in sent.body
    assert returned.subject == "US$3.00 is back in your balance"
    assert begun.subject == "US$23.00 of your balance is on its way to you"
    texts = OutboxMessage.objects.filter(channel="sms", recipient="+14155550101").values_list("body", flat=True)
    assert [len(text) <= 160 for text in texts] == [True, True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"reason": ""},
        {"by_hand_amount": 501},
        {"state": "to_transfer", "decided_at": NOW},
        {"state": "done", "decided_at": NOW, "by_hand_amount": 1},
        {"decided_at": NOW},
    ],
    ids=[
        "of nothing",
        "without a reason",
        "more than all",
        "nothing to transfer",
        "no reference",
        "decided and waiting",
    ],
)
def test_the_database_takes_no_half_a_payout(rich, staff, wrong):
    fields = {"amount": 500, "currency": "USD", "reason": "Because", "requested_by": staff, **wrong}

    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.create(account=wallet_of(rich), **fields)


@pytest.mark.parametrize(("reference", "more"), [("", 2000), ("2026-11-4711", 100)], ids=["not sent", "sent, and back"])
def test_what_one_person_paid_out_counts_although_the_part_by_hand_is_back(credit, staff, reference, more):
    fund(credit.owner, Money(100, "USD"))
    limits = {"USD": Money(2100, "USD")}
    first = ask(credit.owner, staff, money=Money(2100, "USD"), limits=limits)
    if reference:
        payouts.note_transfer(payout=first, reference=reference, actor=staff, ip=None, now=NOW)
    payouts.put_back(payout=first, why="Account closed.", actor=staff, ip=None, now=NOW)
    fund(credit.owner, Money(2000, "USD"))

    second = ask(credit.owner, staff, money=Money(more, "USD"), limits=limits)

    second.refresh_from_db()
    assert second.state == "requested"
