"""Money that staff give back: once, no more than was paid, and to where it came from."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Notification
from accounts.two_people import OwnRequest
from billing import charges, gateway_events, ledger, orders, refund_requests, refund_settlement, refunds
from billing.gateways.base import RefundResult, RefundState
from billing.models import GatewayEvent, LedgerEntry, Order, Refund
from billing.refund_requests import BalanceSpent, InBalanceAlready, NotAll, Wish
from billing.refundable import MoreThanWasPaid, RefundUnderWay
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, delivered, fund, kinds, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

HOUR = timedelta(hours=1)
LIMITS = {"USD": Money(10_000, "USD")}
ASK_FIRST = {"USD": Money(0, "USD")}
State = Refund.State
TO_PAYER, TO_BALANCE = Refund.Destination.PAYER, Refund.Destination.BALANCE


def request(order, minor=1490, *, staff, limits=LIMITS, **changes):
    given = {"goes_to": TO_PAYER, "reason": Refund.Reason.COMPLAINT, "note": "Slow", "order": order}
    wish = Wish(**{**given, "money": Money(minor, "USD"), **changes})
    return refund_requests.request(wish=wish, actor=staff, ip=None, limits=limits, now=NOW)


def give_back(order, minor=1490, *, staff, gateway, **changes):
    """Give money back and return the refund as it stands afterwards."""
    (refund,) = request(order, minor, staff=staff, **changes)
    return refunds.send(refund=refund, gateway=gateway, now=NOW)


def balance(user):
    return ledger.wallet_balance(user, "USD").minor


def told(kind):
    return Notification.objects.filter(kind=kind).count()


def hear(gateway, *, now=NOW):
    """Let every notice of the gateway come in, each twice, and return how many were applied."""
    for notice in gateway.events * 2:
        gateway_events.store(gateway_name=gateway.name, notice=notice, by_webhook=True, now=now)
    return gateway_events.apply_gateway_events(gateway=gateway, now=now)


def test_a_refund_goes_back_to_the_card(order, charge, staff, gateway):
    refund = give_back(order, 500, staff=staff, gateway=gateway)

    charge.refresh_from_db()
    assert refund.state == State.SUCCEEDED
    assert kinds(order)[-2:] == ["refunding", "refunded"]
    assert gateway.given_back(charge.gateway_payment_id) == charge.refunded_amount == 500
    assert told("refund_done") == 1


def test_the_trail_says_who_gave_how_much_and_why(order, staff, gateway):
    refund = give_back(order, 500, staff=staff, gateway=gateway)

    event = AuditEvent.objects.get(action="refund.requested")
    assert (event.actor, event.subject, event.target) == (staff, order.owner, refund.public_id)
    assert event.detail == {"amount": "USD 5.00", "reason": "complaint", "note": "Slow"}


def test_part_of_the_price_back_leaves_the_order_as_it_is(order, staff, gateway):
    give_back(order, 500, staff=staff, gateway=gateway)
    give_back(order, 990, staff=staff, gateway=gateway)

    order.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert order.line.allowances.filter(taken_back_at=None).exists()


def test_more_than_was_paid_is_refused(order, staff, gateway):
    give_back(order, 1000, staff=staff, gateway=gateway)

    with pytest.raises(MoreThanWasPaid):
        request(order, 491, staff=staff)

    assert Refund.objects.count() == 1


def test_in_parts_a_refund_above_the_limit_takes_a_second_person_all_the_same(order, staff, gateway):
    limits = {"USD": Money(1000, "USD")}
    give_back(order, 600, staff=staff, gateway=gateway, limits=limits)

    (second,) = request(order, 500, staff=staff, limits=limits)

    assert second.state == State.REQUESTED
    assert gateway.given_back(order.charges.get().gateway_payment_id) == 600


def test_one_refund_of_a_charge_at_a_time(order, staff):
    request(order, 500, staff=staff)

    with pytest.raises(RefundUnderWay):
        request(order, 500, staff=staff)


def test_a_refund_to_the_balance_is_there_at_once(order, staff, subscriber):
    (refund,) = request(order, 500, staff=staff, goes_to=TO_BALANCE)

    refund.refresh_from_db()
    assert refund.state == State.SUCCEEDED
    assert balance(subscriber) == 500
    assert kinds(order)[-1] == "refunded"
    assert told("refund_done") == 1


def test_what_the_balance_paid_goes_back_to_the_balance(line, plan, gateway, carrier, staff, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = delivered(line, plan, gateway=gateway, carrier=carrier, use_wallet=True)

    card_part, balance_part = request(order, 1490, staff=staff)
    refunds.send(refund=card_part, gateway=gateway, now=NOW)

    assert (card_part.amount, balance_part.amount) == (990, 500)
    assert balance(subscriber) == 500
    assert gateway.given_back(order.charges.get().gateway_payment_id) == 990


def test_a_refund_of_one_charge_touches_nothing_else_that_paid(line, plan, gateway, carrier, staff, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = delivered(line, plan, gateway=gateway, carrier=carrier, use_wallet=True)

    with pytest.raises(MoreThanWasPaid):
        request(order, 991, staff=staff, charge=order.charges.get())

    assert give_back(order, 990, staff=staff, gateway=gateway, charge=order.charges.get()).state == State.SUCCEEDED
    assert balance(subscriber) == 0


def test_an_order_that_is_being_delivered_is_not_refunded(line, plan, gateway, staff):
    order = buy(line, plan)
    pay(order.charges.get(), gateway=gateway)

    with pytest.raises(MoreThanWasPaid):
        request(order, 1, staff=staff)


def test_money_added_leaves_the_balance_before_it_goes_back(credit, staff, gateway, subscriber):
    (refund,) = request(credit, 2000, staff=staff)

    assert balance(subscriber) == 0
    assert refunds.send(refund=refund, gateway=gateway, now=NOW).state == State.SUCCEEDED
    assert kinds(credit) == ["received", "credited", "refunding", "refunded"]


def test_money_that_was_spent_is_not_given_back(credit, line, plan, staff):
    buy(line, plan, use_wallet=True, gateway="")

    with pytest.raises(BalanceSpent):
        request(credit, 2000, staff=staff)

    assert not Refund.objects.exists()


def test_money_in_the_balance_is_not_given_as_balance(credit, staff):
    with pytest.raises(InBalanceAlready):
        request(credit, 2000, staff=staff, goes_to=TO_BALANCE)


@pytest.fixture
def paid_twice(line, plan, gateway, carrier):
    """An order whose first payment was declined, then paid late, after a second one had paid."""
    order = buy(line, plan)
    first = pay(order.charges.get(), gateway=gateway, answer="generic_decline")
    pay(charges.start_charge(order=order, gateway_name="sandbox", now=NOW), gateway=gateway)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)
    pay(first, gateway=gateway)
    return order


def test_a_payment_too_many_goes_back_without_touching_the_valid_one(paid_twice, gateway, staff, subscriber):
    too_many, valid = paid_twice.charges.order_by("pk")
    assert balance(subscriber) == 1490

    refund = give_back(paid_twice, 1490, staff=staff, gateway=gateway, charge=too_many, reason=Refund.Reason.DUPLICATE)

    paid_twice.refresh_from_db()
    valid.refresh_from_db()
    assert (refund.taken_from, balance(subscriber)) == ("wallet", 0)
    assert (paid_twice.state, valid.refunded_amount) == ("fulfilled", 0)


def test_the_price_of_an_undeliverable_order_can_leave_the_balance_for_the_card(
    line, plan, gateway, carrier, staff, subscriber
):
    carrier.refusing = {"grant": "no_capacity"}
    order = delivered(line, plan, gateway=gateway, carrier=carrier)
    assert (order.state, balance(subscriber)) == ("undeliverable", 1490)

    give_back(order, 1490, staff=staff, gateway=gateway, reason=Refund.Reason.UNDELIVERABLE)

    assert balance(subscriber) == 0


@pytest.fixture
def second(db):
    """Robin: staff, too."""
    return make.make_user(email="robin@example.com", is_staff=True, is_superuser=True)


def test_a_large_refund_waits_for_a_second_person(order, gateway, staff, second):
    (refund,) = request(order, 1490, staff=staff, limits=ASK_FIRST)
    refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)
    assert (refund.state, gateway.refunds) == (State.REQUESTED, {})

    assert refund_requests.approve(refund=refund, actor=second, ip=None, now=NOW)
    refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=NOW)

    refund.refresh_from_db()
    assert (refund.state, refund.requested_by, refund.approved_by) == (State.SUCCEEDED, staff, second)
    assert AuditEvent.objects.get(action="refund.approved").actor == second


@pytest.mark.parametrize(("minor", "state"), [(1000, State.SUCCEEDED), (1001, State.REQUESTED)])
def test_the_limit_itself_takes_one_person(order, staff, gateway, minor, state):
    refund = give_back(order, minor, staff=staff, gateway=gateway, limits={"USD": Money(1000, "USD")})

    assert refund.state == state


def test_in_a_currency_without_a_limit_every_refund_takes_two(order, staff):
    (refund,) = request(order, 1, staff=staff, limits={"EUR": Money(1, "EUR")})

    assert refund.state == State.REQUESTED


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_nobody_decides_on_their_own_request(order, staff, decision):
    (refund,) = request(order, 1490, staff=staff, limits=ASK_FIRST)
    why = {"why": "x"} if decision == "refuse" else {}

    with pytest.raises(OwnRequest):
        getattr(refund_requests, decision)(refund=refund, actor=staff, ip=None, now=NOW, **why)

    refund.refresh_from_db()
    assert (refund.state, refund.approved_by) == (State.REQUESTED, None)


def test_what_was_refused_can_be_asked_for_again(order, charge, staff, second, gateway):
    (refund,) = request(order, 1490, staff=staff, limits=ASK_FIRST)

    assert refund_requests.refuse(refund=refund, why="Ask for less", actor=second, ip=None, now=NOW)
    assert not refund_requests.approve(refund=refund, actor=second, ip=None, now=NOW)

    charge.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, refund.failure, charge.refunded_amount) == (State.REFUSED, "Ask for less", 0)
    assert give_back(order, 1490, staff=staff, gateway=gateway).state == State.SUCCEEDED


def test_approving_twice_gives_back_once(order, gateway, staff, second):
    (refund,) = request(order, 1490, staff=staff, limits=ASK_FIRST)

    approved = [refund_requests.approve(refund=refund, actor=second, ip=None, now=NOW) for _time in range(2)]

    assert approved == [True, False]
    assert LedgerEntry.objects.filter(kind="refunding").count() == 1


def test_money_spent_while_a_refund_waited_is_not_given_back(credit, line, plan, staff, second):
    (refund,) = request(credit, 2000, staff=staff, limits=ASK_FIRST)
    buy(line, plan, use_wallet=True, gateway="")

    with pytest.raises(BalanceSpent):
        refund_requests.approve(refund=refund, actor=second, ip=None, now=NOW)

    refund.refresh_from_db()
    assert (refund.state, refund.approved_by) == (State.REQUESTED, None)


def test_a_lost_answer_is_asked_for_and_the_money_leaves_once(order, charge, staff, gateway):
    gateway.losing = {"refund"}
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    assert refund.state == State.UNKNOWN
    gateway.losing = set()

    assert refunds.settle_refunds(gateway=gateway, now=NOW + HOUR) == 1

    refund.refresh_from_db()
    assert refund.state == State.SUCCEEDED
    assert gateway.left_us(charge.gateway_payment_id) == 1490
    assert gateway.calls.count("refund") == 1


def test_a_refund_that_never_arrived_is_sent_under_the_same_key(order, staff, gateway):
    gateway.down = {"refund"}
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    gateway.down = set()

    assert refunds.settle_refunds(gateway=gateway, now=NOW + HOUR) == 1
    assert refunds.settle_refunds(gateway=gateway, now=NOW + 2 * HOUR) == 0

    assert list(gateway.refund_by_key) == [refund.public_id]


def test_while_the_gateway_is_silent_nothing_is_written_down_as_failed(order, staff, gateway):
    gateway.down = {"refund", "look_up_refund"}
    refund = give_back(order, 1490, staff=staff, gateway=gateway)

    for hours in (1, 3, 30):
        refunds.settle_refunds(gateway=gateway, now=NOW + hours * HOUR)

    refund.refresh_from_db()
    assert refund.state == State.UNKNOWN


def test_of_two_who_look_at_once_one_asks(order, staff, gateway):
    gateway.losing = {"refund"}
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    also = Refund.objects.get(pk=refund.pk)
    gateway.losing = set()

    refunds.ask(refund=refund, gateway=gateway, now=NOW + HOUR)
    refunds.ask(refund=also, gateway=gateway, now=NOW + HOUR)

    assert gateway.calls.count("look_up_refund") == 1


def test_a_refund_on_its_way_is_told_and_then_done(order, staff, gateway):
    gateway.refund_outcome = "pending"
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    assert (refund.state, told("refund_started"), told("refund_done")) == (State.PENDING, 1, 0)

    gateway.refund_says(refund.gateway_refund_id, "succeeded")
    hear(gateway)

    refund.refresh_from_db()
    assert (refund.state, told("refund_started"), told("refund_done")) == (State.SUCCEEDED, 1, 1)


def test_a_failed_refund_waits_for_staff_with_its_money_back_in_the_books(order, charge, staff, gateway):
    gateway.refund_outcome = "expired_or_canceled_card"

    refund = give_back(order, 1490, staff=staff, gateway=gateway)

    charge.refresh_from_db()
    assert (refund.state, refund.failure) == (State.FAILED, "expired_or_canceled_card")
    assert kinds(order)[-2:] == ["refunding", "unrefunded"]
    assert charge.refunded_amount == 0
    assert list(Refund.objects.unsolved()) == [refund]


def test_what_the_gateway_will_not_do_has_failed(order, staff, gateway):
    gateway.refusing = {"refund"}

    assert give_back(order, 1490, staff=staff, gateway=gateway).state == State.FAILED


def test_a_refund_may_come_back_days_after_it_had_arrived(order, charge, staff, gateway):
    refund = give_back(order, 1490, staff=staff, gateway=gateway)

    gateway.refund_says(refund.gateway_refund_id, "lost_or_stolen_card")
    hear(gateway, now=NOW + 48 * HOUR)

    charge.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, charge.refunded_amount) == (State.FAILED, 0)
    assert kinds(order)[-3:] == ["refunding", "refunded", "unrefunded"]


def test_an_older_answer_changes_nothing(order, staff, gateway):
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    older = RefundResult(
        state=RefundState.PENDING,
        refund_id=refund.gateway_refund_id,
        transaction_id="",
        money=refund.money,
    )

    refunds.settle(refund_id=refund.pk, result=older, now=NOW)

    refund.refresh_from_db()
    assert refund.state == State.SUCCEEDED


@pytest.mark.parametrize(
    "wrong", [{"money": Money(1, "USD")}, {"transaction_id": "pay_other"}, {"refund_id": "re_other"}]
)
def test_an_answer_about_something_else_is_not_believed(order, staff, gateway, wrong):
    gateway.refund_outcome = "pending"
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    right = {"refund_id": refund.gateway_refund_id, "transaction_id": "", "money": refund.money}

    refunds.settle(refund_id=refund.pk, result=RefundResult(state=RefundState.SUCCEEDED, **{**right, **wrong}), now=NOW)

    refund.refresh_from_db()
    assert refund.state == State.PENDING


@pytest.fixture
def failed(order, staff, gateway):
    """A refund that the payer's bank sent back."""
    gateway.refund_outcome = "expired_or_canceled_card"
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    gateway.refund_outcome = "succeeded"
    return refund


def try_again(refund, *, staff, goes_to=TO_PAYER):
    return refund_requests.try_again(refund=refund, goes_to=goes_to, actor=staff, ip=None, now=NOW)


def test_a_failed_refund_is_tried_again_under_a_new_key(failed, charge, staff, gateway):
    again = refunds.send(refund=try_again(failed, staff=staff), gateway=gateway, now=NOW)

    assert (again.state, again.tries_again) == (State.SUCCEEDED, failed)
    assert again.public_id != failed.public_id
    assert not Refund.objects.unsolved().exists()
    assert gateway.given_back(charge.gateway_payment_id) == 1490


def test_a_failed_refund_is_given_as_balance_instead(failed, staff, subscriber):
    again = try_again(failed, staff=staff, goes_to=TO_BALANCE)

    assert balance(subscriber) == again.amount == 1490
    assert not Refund.objects.unsolved().exists()


def test_a_failed_refund_is_solved_once(failed, staff, subscriber):
    try_again(failed, staff=staff, goes_to=TO_BALANCE)

    assert try_again(failed, staff=staff) is None
    assert balance(subscriber) == 1490


def test_a_failed_refund_of_balance_is_back_in_the_balance(credit, staff, gateway, subscriber):
    gateway.refund_outcome = "expired_or_canceled_card"
    refund = give_back(credit, 2000, staff=staff, gateway=gateway)

    assert balance(subscriber) == 2000
    with pytest.raises(InBalanceAlready):
        try_again(refund, staff=staff, goes_to=TO_BALANCE)


def test_a_refund_made_in_the_dashboard_is_written_down_and_booked(order, charge, gateway):
    refund_id = gateway.give_back(charge.gateway_payment_id, Money(400, "USD"))

    hear(gateway)
    hear(gateway, now=NOW + HOUR)

    refund = Refund.objects.get()
    charge.refresh_from_db()
    assert (refund.gateway_refund_id, refund.reason, refund.state) == (refund_id, "gateway", State.SUCCEEDED)
    assert charge.refunded_amount == 400
    assert kinds(order)[-2:] == ["refunding", "refunded"]


def test_spent_balance_that_was_refunded_in_the_dashboard_is_our_loss(credit, line, plan, gateway, subscriber):
    buy(line, plan, use_wallet=True, gateway="")
    gateway.give_back(credit.charges.get().gateway_payment_id, Money(2000, "USD"))

    hear(gateway)

    assert Refund.objects.get().taken_from == "losses"
    assert balance(subscriber) == 510


def test_a_dashboard_refund_that_failed_was_never_ours(order, charge, gateway):
    gateway.refund_outcome = "expired_or_canceled_card"
    gateway.give_back(charge.gateway_payment_id, Money(400, "USD"))

    hear(gateway)

    assert not Refund.objects.exists()
    assert not GatewayEvent.objects.exclude(state="done").exists()


def test_a_notice_that_overtakes_the_gateways_answer_is_about_our_refund(order, staff, gateway):
    gateway.losing = {"refund"}
    refund = give_back(order, 1490, staff=staff, gateway=gateway)
    assert refund.gateway_refund_id is None

    hear(gateway)

    refund.refresh_from_db()
    assert refund.state == State.SUCCEEDED
    assert Refund.objects.count() == 1


def test_a_refund_of_somebody_elses_payment_is_none_of_ours(gateway):
    gateway.refund_outcome = "succeeded"
    gateway.give_back("pay_of_a_shop_next_door", Money(400, "USD"))

    hear(gateway)

    assert GatewayEvent.objects.filter(state="failed", error__startswith="AboutNothingOfOurs").count() == 1


def test_staff_take_the_plan_back_only_for_all_of_its_price(order, staff):
    with pytest.raises(NotAll):
        request(order, 1489, staff=staff, takes_back=True)

    assert not Refund.objects.exists()


def test_what_failed_and_can_be_tried_again_counts_against_what_one_person_may_give(order, staff):
    (first,) = request(order, 1000, staff=staff, limits={"USD": Money(1000, "USD")})
    failed = RefundResult(
        state=RefundState.FAILED, refund_id="", transaction_id="", money=first.money, reason="account_closed"
    )
    refund_settlement.settle(refund_id=first.pk, result=failed, now=NOW)

    (second,) = request(order, 490, staff=staff, limits={"USD": Money(1000, "USD")})

    second.refresh_from_db()
    assert second.state == "requested"
