"""Payments disputed at the bank: what is at stake is held until it decides, and money leaves once."""

from datetime import timedelta

import pytest

from accounts.models import Notification
from billing import disputes, gateway_events, ledger, refund_requests, refunds, renewals
from billing.models import Dispute, GatewayEvent, LedgerAccount, LedgerEntry, Refund, Subscription
from billing.refund_requests import Wish
from billing.refundable import MoreThanWasPaid
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, kinds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
State = Dispute.State
TO_PAYER = Refund.Destination.PAYER


@pytest.fixture
def agreement(order, plan):
    """Auto-renewal of the line, due the day before its plan ends."""
    method = make.make_method(owner=order.owner, reference="card_ada")
    return make.make_subscription(
        line=order.line, plan=plan, method=method, anchor_at=order.starts_at, charge_due_at=order.ends_at - DAY
    )


def dispute(gateway, charge, *, state="open", now=NOW, **how):
    """Let the payer dispute a charge, or the bank decide, and the notice come in twice."""
    gateway.dispute(charge.gateway_payment_id, state=state, **how)
    for notice in gateway.events * 2:
        gateway_events.store(gateway_name=gateway.name, notice=notice, by_webhook=True, now=now)
    gateway_events.apply_gateway_events(gateway=gateway, now=now)
    return Dispute.objects.get(charge=charge)


def account(kind):
    """Return what a shared account holds: credits less debits."""
    sides = {"credit_account": 1, "debit_account": -1}
    return sum(
        sign * entry.amount
        for side, sign in sides.items()
        for entry in LedgerEntry.objects.filter(**{f"{side}__kind": kind})
    )


def balance(user):
    return ledger.wallet_balance(user, "USD").minor


def give_back(order, minor, *, staff):
    wish = Wish(order=order, money=Money(minor, "USD"), goes_to=TO_PAYER, reason=Refund.Reason.COMPLAINT, note="Slow")
    return refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)[0]


def told(kind):
    return Notification.objects.filter(kind=kind).count()


def test_a_dispute_is_written_down_once_with_the_money_the_bank_took(order, charge, gateway):
    found = dispute(gateway, charge)

    assert (found.state, found.money, found.is_withdrawn) == (State.OPEN, Money(1490, "USD"), True)
    assert (found.reason, found.respond_by) == ("fraudulent", NOW + 7 * DAY)
    assert kinds(order)[-1] == "withdrawn"
    assert account("disputed") == -1490
    assert told("dispute_opened") == 1


def test_auto_renewal_of_the_line_pauses_and_says_why(agreement, charge, gateway):
    dispute(gateway, charge)

    agreement.refresh_from_db()
    assert (agreement.state, agreement.reason) == (Subscription.State.PAUSED, "disputed")


def test_a_renewal_in_flight_when_the_dispute_comes_is_the_last_one(agreement, charge, gateway, carrier, order):
    Subscription.objects.update(state=Subscription.State.IN_FLIGHT, lease_until=NOW + DAY)
    dispute(gateway, charge)
    Subscription.objects.update(state=Subscription.State.ACTIVE, lease_until=None)

    verdicts = renewals.judge([Subscription.objects.get()], now=order.ends_at - DAY)

    assert [(verdict.action, verdict.reason) for verdict in verdicts] == [("pause", "disputed")]


def test_won_brings_everything_back(agreement, order, charge, gateway):
    due = agreement.charge_due_at
    dispute(gateway, charge)

    found = dispute(gateway, charge, state="won")

    agreement.refresh_from_db()
    assert (found.state, found.is_withdrawn, found.closed_at) == (State.WON, False, NOW)
    assert (agreement.state, agreement.reason, agreement.charge_due_at) == (Subscription.State.ACTIVE, "", due)
    assert kinds(order)[-2:] == ["withdrawn", "reinstated"]
    assert account("disputed") == 0
    assert told("dispute_closed") == 1


@pytest.mark.parametrize(("hours_left", "charged_after"), [(30, 24), (12, 10), (1, -23)])
def test_won_when_the_charge_is_due_already_leaves_time_to_tell_of_it(
    agreement, order, charge, gateway, hours_left, charged_after
):
    dispute(gateway, charge)
    won_at = order.ends_at - hours_left * HOUR

    dispute(gateway, charge, state="won", now=won_at)

    agreement.refresh_from_db()
    assert (agreement.state, agreement.charge_due_at) == (Subscription.State.ACTIVE, won_at + charged_after * HOUR)


def test_won_after_the_plan_has_ended_does_not_charge_at_once(agreement, order, charge, gateway):
    dispute(gateway, charge)

    dispute(gateway, charge, state="won", now=order.ends_at + DAY)

    agreement.refresh_from_db()
    assert agreement.mode == Subscription.Mode.OFF
    Notification.objects.all().delete()


def test_lost_is_our_loss(order, charge, gateway):
    dispute(gateway, charge)

    found = dispute(gateway, charge, state="lost")

    assert found.state == State.LOST
    assert account("disputed") == 0
    assert account("losses") == -1490
    assert told("dispute_closed") == 1


def test_the_balance_that_a_disputed_charge_paid_for_is_frozen(credit, gateway, subscriber):
    found = dispute(gateway, credit.charges.get())

    assert found.frozen_amount == 2000
    assert balance(subscriber) == 0
    assert account("frozen") == 2000


def test_of_spent_balance_what_is_left_is_frozen(credit, line, plan, gateway, subscriber):
    buy(line, plan, use_wallet=True, gateway="")

    found = dispute(gateway, credit.charges.get())

    assert (found.frozen_amount, balance(subscriber)) == (510, 0)


def test_frozen_balance_is_free_again_when_won(credit, gateway, subscriber):
    dispute(gateway, credit.charges.get())

    dispute(gateway, credit.charges.get(), state="won")

    assert balance(subscriber) == 2000
    assert account("frozen") == 0


def test_frozen_balance_is_used_up_when_lost_and_the_rest_is_our_loss(credit, line, plan, gateway, subscriber):
    buy(line, plan, use_wallet=True, gateway="")
    dispute(gateway, credit.charges.get())

    dispute(gateway, credit.charges.get(), state="lost")

    assert (balance(subscriber), account("frozen"), account("losses")) == (0, 0, -1490)


def test_what_the_bank_only_asks_about_moves_no_money(order, charge, gateway):
    dispute(gateway, charge, withdrawn=False)
    assert account("disputed") == 0

    dispute(gateway, charge, withdrawn=True)
    assert account("disputed") == -1490

    dispute(gateway, charge, state="lost", withdrawn=True)
    assert account("losses") == -1490


def test_lost_without_a_withdrawal_costs_nothing(credit, gateway, subscriber):
    dispute(gateway, credit.charges.get(), withdrawn=False)

    dispute(gateway, credit.charges.get(), state="lost", withdrawn=False)

    assert (balance(subscriber), account("losses")) == (2000, 0)


def test_a_disputed_charge_is_not_refunded_as_well(order, charge, staff, gateway):
    dispute(gateway, charge)

    with pytest.raises(MoreThanWasPaid):
        give_back(order, 1490, staff=staff)

    assert gateway.left_us(charge.gateway_payment_id) == 1490


def test_what_the_bank_only_asks_about_is_refunded_to_avoid_the_dispute(order, charge, staff, gateway):
    dispute(gateway, charge, withdrawn=False)

    refund = refunds.send(refund=give_back(order, 1490, staff=staff), gateway=gateway, now=NOW)

    assert refund.state == Refund.State.SUCCEEDED
    assert gateway.left_us(charge.gateway_payment_id) == 1490


@pytest.mark.parametrize("first", ["refund", "dispute"])
def test_refund_and_dispute_of_one_charge_let_money_leave_once(order, charge, staff, gateway, first):
    """The refund is decided before either of them gets to the gateway."""
    refund = give_back(order, 1490, staff=staff)
    if first == "dispute":
        gateway.dispute(charge.gateway_payment_id)
    refunds.send(refund=refund, gateway=gateway, now=NOW)

    dispute(gateway, charge)

    assert gateway.left_us(charge.gateway_payment_id) == 1490
    assert sum(entry.amount for entry in LedgerEntry.objects.filter(credit_account__kind="gateway")) == 1490


def test_a_lost_dispute_leaves_nothing_to_refund_and_a_won_one_all(order, charge, staff, gateway):
    dispute(gateway, charge)
    dispute(gateway, charge, state="won")

    refund = refunds.send(refund=give_back(order, 1490, staff=staff), gateway=gateway, now=NOW)

    assert refund.state == Refund.State.SUCCEEDED


def test_a_lost_dispute_over_a_part_leaves_the_rest_to_be_refunded(order, charge, staff, gateway):
    dispute(gateway, charge, money=Money(500, "USD"))
    with pytest.raises(MoreThanWasPaid):
        give_back(order, 1, staff=staff)  # undecided, no gateway gives anything back
    dispute(gateway, charge, state="lost")
    with pytest.raises(MoreThanWasPaid):
        give_back(order, 991, staff=staff)

    refund = refunds.send(refund=give_back(order, 990, staff=staff), gateway=gateway, now=NOW)

    assert refund.state == Refund.State.SUCCEEDED
    assert gateway.left_us(charge.gateway_payment_id) == 1490


def test_a_refund_drafted_before_the_bank_took_its_part_does_not_leave_as_well(order, charge, staff, gateway):
    asked = refund_requests.request(
        wish=Wish(order=order, money=Money(1490, "USD"), goes_to=TO_PAYER, reason=Refund.Reason.COMPLAINT, note="Slow"),
        actor=staff,
        ip=None,
        limits={},
        now=NOW,
    )[0]
    dispute(gateway, charge, money=Money(500, "USD"), state="lost")

    refund_requests.approve(refund=asked, actor=make.make_user(is_staff=True), ip=None, now=NOW)

    asked.refresh_from_db()
    assert (asked.state, asked.failure) == (Refund.State.FAILED, "disputed")


def test_what_was_refunded_before_is_not_frozen_again(credit, staff, gateway, subscriber):
    refunds.send(refund=give_back(credit, 1500, staff=staff), gateway=gateway, now=NOW)

    found = dispute(gateway, credit.charges.get())

    assert (found.amount, found.frozen_amount, balance(subscriber)) == (500, 500, 0)


@pytest.mark.parametrize("disputed", [1500, 2000])
@pytest.mark.parametrize("heard_first", ["refund", "dispute"])
def test_a_refund_made_past_us_and_a_dispute_end_alike_whichever_is_heard_first(
    credit, gateway, subscriber, disputed, heard_first
):
    charge = credit.charges.get()
    told = len(gateway.events)
    gateway.give_back(charge.gateway_payment_id, Money(500, "USD"))
    gateway.dispute(charge.gateway_payment_id, money=Money(disputed, "USD"))
    notices = gateway.events[told:]

    for notice in notices if heard_first == "refund" else reversed(notices):
        gateway_events.store(gateway_name=gateway.name, notice=notice, by_webhook=True, now=NOW)
        gateway_events.apply_gateway_events(gateway=gateway, now=NOW)

    assert Dispute.objects.get().frozen_amount == 1500
    assert Refund.objects.get().taken_from == Refund.Source.WALLET
    assert (balance(subscriber), account("sales"), account("losses")) == (0, 0, 0)


def test_what_was_given_as_balance_is_frozen_when_the_bank_takes_the_charge(order, charge, staff, gateway, subscriber):
    wish = Wish(
        order=order,
        money=Money(500, "USD"),
        goes_to=Refund.Destination.BALANCE,
        reason=Refund.Reason.GOODWILL,
        note="Sorry",
    )
    refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)

    found = dispute(gateway, charge)
    assert (found.frozen_amount, balance(subscriber)) == (500, 0)

    dispute(gateway, charge, state="lost")
    assert (account("frozen"), account("losses")) == (0, -990)


def test_without_notices_open_disputes_are_asked_about_daily(charge, gateway):
    found = dispute(gateway, charge)
    gateway.dispute(charge.gateway_payment_id, state="won")

    assert disputes.settle_disputes(gateway=gateway, now=NOW + DAY - timedelta(minutes=1)) == 0
    assert disputes.settle_disputes(gateway=gateway, now=NOW + DAY) == 1

    found.refresh_from_db()
    assert found.state == State.WON


def test_a_silent_gateway_leaves_a_dispute_open(charge, gateway):
    found = dispute(gateway, charge)
    gateway.down = {"look_up_dispute"}

    assert disputes.settle_disputes(gateway=gateway, now=NOW + DAY) == 0

    found.refresh_from_db()
    assert found.state == State.OPEN


def test_an_older_report_does_not_open_it_again(order, charge, gateway):
    dispute(gateway, charge)
    open_report = gateway.look_up_dispute(f"dp_{charge.gateway_payment_id}")
    dispute(gateway, charge, state="lost")

    disputes.record(charge=charge, report=open_report, now=NOW)

    assert Dispute.objects.get().state == State.LOST


def test_a_dispute_of_somebody_elses_payment_is_none_of_ours(order, charge, gateway):
    other = gateway._make("a shop next door", Money(100, "USD"), "succeeded")
    gateway.dispute(other)
    for notice in gateway.events:
        gateway_events.store(gateway_name=gateway.name, notice=notice, by_webhook=True, now=NOW)

    gateway_events.apply_gateway_events(gateway=gateway, now=NOW)

    assert not Dispute.objects.exists()
    assert GatewayEvent.objects.filter(state="failed", error__startswith="AboutNothingOfOurs").count() == 1


def test_shared_accounts_of_disputes_keep_no_balance_of_their_own(credit, gateway):
    dispute(gateway, credit.charges.get())

    kept = LedgerAccount.objects.exclude(kind="wallet").exclude(balance=0)
    assert not kept.exists()


def test_a_dispute_about_money_that_no_payment_of_ours_names_is_nobodys(charge, gateway):
    assert charge.gateway_transaction_id == ""
    assert refunds.charge_of_transaction("", gateway=gateway) is None
