"""Giving an order back: the plan first, then the money; never what was used, never twice."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Notification
from billing import charges, disputes, ledger, orders, refund_requests, refunds, taking_back
from billing.gateways.base import DisputeReport, DisputeState
from billing.models import Order, Refund, Subscription
from billing.refund_offers import AlreadyUndone, CannotRefund, refund_offer
from billing.refund_requests import Wish
from esim import usage
from esim.carriers.base import UsageReport
from esim.models import Allowance, DownloadState, Line, ServiceState
from portal.lib.data_size import MB
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, delivered, fund, kinds, paid_order, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right"), pytest.mark.slow]

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
WITHIN = timedelta(days=14)
TO_PAYER, TO_BALANCE = Refund.Destination.PAYER, Refund.Destination.BALANCE
State = Order.State


@pytest.fixture
def new_line(line, plan, gateway, carrier):
    """A new line for US$14.90 that nobody has installed."""
    return delivered(line, plan, gateway=gateway, carrier=carrier, kind=Order.Kind.NEW_LINE, line=None)


def undo(order, *, carrier, goes_to=TO_PAYER, now=NOW):
    taking_back.undo(order=order, goes_to=goes_to, ip=None, carrier=carrier, within=WITHIN, now=now)


def carry_on(order, *, gateway, carrier, now=NOW):
    """Let a worker do what the click has left to do."""
    taking_back.take_back(order_id=order.pk, carrier=carrier, now=now)
    refunds.send_all(order_id=order.pk, gateways={"sandbox": gateway}, now=now)
    order.refresh_from_db()
    return order


def give_back(order, *, gateway, carrier, **how):
    undo(order, carrier=carrier, **how)
    return carry_on(order, gateway=gateway, carrier=carrier)


def dispute(order):
    """Let the bank take the money of an order back until it has decided."""
    charge = order.charges.get()
    report = DisputeReport(
        dispute_id="dp_1",
        transaction_id=charge.gateway_payment_id,
        money=charge.money,
        state=DisputeState.OPEN,
        withdrawn=True,
    )
    disputes.record(charge=charge, report=report, now=NOW)


def why_not(order, *, carrier, now=NOW):
    order.refresh_from_db()
    with pytest.raises(CannotRefund) as refusal:
        refund_offer(order=order, carrier=carrier, within=WITHIN, now=now)
    return str(refusal.value.sentence)


def test_an_unused_plan_goes_back_and_so_does_its_price(order, gateway, carrier):
    give_back(order, gateway=gateway, carrier=carrier)

    assert order.state == State.REFUNDED
    assert not Allowance.objects.running(NOW).exists()
    assert carrier.revoked == [order.public_id]
    assert gateway.given_back(order.charges.get().gateway_payment_id) == 1490
    assert kinds(order) == ["received", "sold", "refunding", "refunded"]
    assert AuditEvent.objects.get(action="order.refunded").actor == order.owner


def test_while_the_network_is_asked_the_plan_counts_for_nothing_and_no_money_moves(order, gateway, carrier):
    undo(order, carrier=carrier)

    order.refresh_from_db()
    assert order.state == State.TAKING_BACK
    assert not Allowance.objects.running(NOW).exists()
    assert gateway.refunds == {}


def test_a_new_line_is_closed_for_good(new_line, gateway, carrier):
    give_back(new_line, gateway=gateway, carrier=carrier)

    line = Line.objects.get(pk=new_line.line_id)
    assert line.service_state == ServiceState.TERMINATED
    assert carrier.terminated == [line.profiles.get().iccid]


def test_the_money_goes_to_the_balance_if_the_buyer_likes(order, gateway, carrier, subscriber):
    give_back(order, gateway=gateway, carrier=carrier, goes_to=TO_BALANCE)

    assert ledger.wallet_balance(subscriber, "USD") == Money(1490, "USD")
    assert gateway.refunds == {}


def test_balance_and_card_get_back_what_each_has_paid(line, plan, gateway, carrier, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = delivered(line, plan, gateway=gateway, carrier=carrier, use_wallet=True)

    give_back(order, gateway=gateway, carrier=carrier)

    assert ledger.wallet_balance(subscriber, "USD") == Money(500, "USD")
    assert gateway.given_back(order.charges.get().gateway_payment_id) == 990


def test_added_money_goes_back_while_the_balance_holds_it(credit, gateway, carrier, subscriber):
    give_back(credit, gateway=gateway, carrier=carrier)

    assert credit.state == State.REFUNDED
    assert ledger.wallet_balance(subscriber, "USD") == Money(0, "USD")
    assert carrier.revoked == []


def test_added_money_is_in_the_balance_already_and_goes_to_who_paid_whatever_was_wished(credit, gateway, carrier):
    give_back(credit, gateway=gateway, carrier=carrier, goes_to=TO_BALANCE)

    assert Refund.objects.get().goes_to == TO_PAYER
    assert gateway.given_back(credit.charges.get().gateway_payment_id) == 2000
    assert ledger.wallet_balance(credit.owner, "USD").minor == 0


def test_added_money_that_was_spent_stays(credit, line, plan, carrier):
    buy(line, plan, use_wallet=True, gateway="")

    assert "spent" in why_not(credit, carrier=carrier)


def test_giving_back_twice_gives_back_once(order, gateway, carrier):
    undo(order, carrier=carrier)

    with pytest.raises(AlreadyUndone):
        undo(order, carrier=carrier)

    carry_on(order, gateway=gateway, carrier=carrier)
    carry_on(order, gateway=gateway, carrier=carrier)
    assert Refund.objects.count() == len(gateway.refunds) == 1


def test_auto_renewal_of_a_plan_that_is_gone_is_turned_off(order, plan, gateway, carrier):
    agreement = make.make_subscription(line=order.line, plan=plan, charge_due_at=NOW + 29 * DAY)

    give_back(order, gateway=gateway, carrier=carrier)

    agreement.refresh_from_db()
    assert agreement.mode == Subscription.Mode.OFF


def test_a_data_pack_goes_back_and_leaves_auto_renewal_alone(order, plan, gateway, carrier):
    agreement = make.make_subscription(line=order.line, plan=plan, charge_due_at=NOW + 29 * DAY)
    pack = delivered(
        order.line, make.make_data_pack(), gateway=gateway, carrier=carrier, kind=Order.Kind.TOP_UP,
        price=Money(600, "USD"),
    )  # fmt: skip

    give_back(pack, gateway=gateway, carrier=carrier)

    agreement.refresh_from_db()
    assert agreement.mode == Subscription.Mode.AUTOMATIC
    assert Allowance.objects.running(NOW).count() == 1


def test_a_renewal_bought_ahead_goes_back_and_the_running_plan_stays(order, plan, gateway, carrier):
    ahead = delivered(order.line, plan, gateway=gateway, carrier=carrier)

    give_back(ahead, gateway=gateway, carrier=carrier)

    assert Allowance.objects.standing().get().granted_for == order.public_id


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (lambda order: order.line.allowances.update(used_bytes=1), "has been used"),
        (lambda order: order.line.allowances.update(used_minutes=1), "has been used"),
        (lambda _order: Order.objects.update(confirmed_at=NOW - WITHIN), "is over"),
        (lambda order: order.line.allowances.update(ends_at=NOW, starts_at=NOW - DAY), "is over"),
        (dispute, "is left to give back"),
        (
            lambda order: make.make_subscription(line=order.line, plan=order.plan, state="in_flight", lease_until=NOW),
            "is under way",
        ),
    ],
)
def test_why_an_order_cannot_be_given_back(order, carrier, happens, sentence):
    happens(order)

    assert sentence in why_not(order, carrier=carrier)


def test_what_something_later_builds_on_is_not_given_back(order, plan, gateway, carrier):
    delivered(order.line, plan, gateway=gateway, carrier=carrier)

    assert "Give that back first" in why_not(order, carrier=carrier)


def test_while_a_renewal_is_being_delivered_nothing_is_given_back(order, plan, carrier):
    paid_order(order.line, plan)

    assert "under way" in why_not(order, carrier=carrier)


@pytest.mark.parametrize("state", [DownloadState.DOWNLOADED, DownloadState.INSTALLED, DownloadState.ENABLED])
def test_a_new_line_on_a_device_is_not_given_back(new_line, carrier, state):
    new_line.line.profiles.update(download_state=state)

    assert "on a device" in why_not(new_line, carrier=carrier)


def test_a_network_that_takes_nothing_back_is_said_to(order, carrier):
    carrier.capabilities = type(carrier.capabilities)(
        idempotent_ordering=True, install_events=True, usage_reports=True, suspension=True, taking_back=False
    )

    assert "by itself" in why_not(order, carrier=carrier)


def test_usage_that_was_not_reported_yet_is_asked_for_first(order, carrier):
    reports = [UsageReport(record_id="r1", at=NOW, data_bytes=MB)]
    carrier.usage_since = lambda **_: reports

    undo_refused = pytest.raises(CannotRefund, match="has been used")
    with undo_refused:
        undo(order, carrier=carrier, now=NOW + MINUTE)

    assert not Refund.objects.exists()


def test_a_network_that_does_not_answer_leaves_all_as_it_was(order, carrier):
    def silent(**_):
        raise usage.OutcomeUnknown

    carrier.profile_status = silent

    with pytest.raises(CannotRefund, match="did not answer"):
        undo(order, carrier=carrier)

    assert Allowance.objects.running(NOW).exists()


def test_what_the_network_will_not_take_back_stays_with_the_buyer(order, gateway, carrier):
    carrier.used = {order.public_id}

    give_back(order, gateway=gateway, carrier=carrier)

    assert order.state == State.FULFILLED
    assert Allowance.objects.running(NOW).exists()
    assert gateway.refunds == {}
    assert Refund.objects.get().state == Refund.State.REFUSED
    assert order.charges.get().refunded_amount == 0
    assert Notification.objects.filter(kind="refund_refused").count() == 1


def test_a_lost_answer_of_the_network_is_asked_for_again(order, gateway, carrier):
    carrier.losing = {"revoke"}
    give_back(order, gateway=gateway, carrier=carrier)
    assert order.state == State.TAKING_BACK
    carrier.losing = set()

    assert taking_back.take_back_due(carrier=carrier, now=NOW) == []
    assert taking_back.take_back_due(carrier=carrier, now=NOW + 2 * MINUTE) == [order]

    order.refresh_from_db()
    assert (order.state, carrier.revoked) == (State.REFUNDED, [order.public_id])


def test_a_worker_whose_lease_ran_out_writes_nothing(order, gateway, carrier):
    undo(order, carrier=carrier)
    slow = taking_back._claim(order.pk, now=NOW)
    carry_on(order, gateway=gateway, carrier=carrier, now=NOW + 10 * MINUTE)

    taking_back._leave_standing(slow, reason="late", now=NOW + 11 * MINUTE)

    order.refresh_from_db()
    assert order.state == State.REFUNDED


def test_what_is_bought_meanwhile_waits_and_then_begins_at_once(order, plan, gateway, carrier):
    undo(order, carrier=carrier)
    later = paid_order(order.line, plan)

    assert orders.fulfil(order_id=later.pk, carrier=carrier, now=NOW).state == State.PAID
    carry_on(order, gateway=gateway, carrier=carrier)

    assert orders.fulfil(order_id=later.pk, carrier=carrier, now=NOW).starts_at == NOW


def test_a_dispute_that_opens_meanwhile_keeps_the_money_where_it_is(order, gateway, carrier):
    undo(order, carrier=carrier)
    dispute(order)

    carry_on(order, gateway=gateway, carrier=carrier)

    refund = Refund.objects.get()
    assert (order.state, refund.state, refund.failure) == (State.REFUNDED, Refund.State.FAILED, "disputed")
    assert gateway.refunds == {}


def test_while_a_bank_holds_the_card_part_the_balance_part_stays_too(line, plan, gateway, carrier, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = delivered(line, plan, gateway=gateway, carrier=carrier, use_wallet=True)
    dispute(order)

    assert "Your bank holds a payment" in why_not(order, carrier=carrier)
    assert not Refund.objects.exists()


def test_staff_take_back_what_was_used_with_all_of_its_price(order, staff, gateway, carrier):
    Allowance.objects.update(used_bytes=MB)
    carrier.used = {order.public_id}
    wish = Wish(
        order=order, money=Money(1490, "USD"), goes_to=TO_PAYER, reason=Refund.Reason.COMPLAINT, note="No service",
        takes_back=True,
    )  # fmt: skip

    refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)
    carry_on(order, gateway=gateway, carrier=carrier)

    assert order.state == State.REFUNDED
    assert Refund.objects.get().state == Refund.State.SUCCEEDED


def test_staff_take_back_with_a_second_person_whatever_had_paid(line, plan, gateway, carrier, staff, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = delivered(line, plan, gateway=gateway, carrier=carrier, use_wallet=True)
    wish = Wish(
        order=order, money=Money(1490, "USD"), goes_to=TO_PAYER, reason=Refund.Reason.COMPLAINT, note="No service",
        takes_back=True,
    )  # fmt: skip
    card_part, balance_part = refund_requests.request(wish=wish, actor=staff, ip=None, limits={}, now=NOW)
    order.refresh_from_db()
    assert order.state == State.FULFILLED

    second = make.make_user(is_staff=True)
    assert refund_requests.approve(refund=balance_part, actor=second, ip=None, now=NOW)
    carry_on(order, gateway=gateway, carrier=carrier)

    card_part.refresh_from_db()
    assert (order.state, card_part.state, card_part.approved_by) == (State.REFUNDED, Refund.State.SUCCEEDED, second)
    assert ledger.wallet_balance(subscriber, "USD") == Money(500, "USD")


@pytest.fixture
def paid_twice(line, plan, gateway, carrier):
    """A renewal whose first payment came after it was paid another way: US$14.90 of it is balance."""
    order = buy(line, plan)
    first = charges.open_charge(order)
    charges.open_page(charge=first, gateway=gateway, return_url="/", locale="en", now=NOW)
    first.refresh_from_db()
    charges.abandon(charge=first, gateway=gateway, now=NOW)
    pay(charges.start_charge(order=order, gateway_name=gateway.name, now=NOW), gateway=gateway)
    pay(first, gateway=gateway)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)


def test_what_was_paid_twice_and_is_wished_as_balance_is_there_once_more(paid_twice, gateway, carrier):
    give_back(paid_twice, gateway=gateway, carrier=carrier, goes_to=TO_BALANCE)

    assert paid_twice.state == State.REFUNDED
    assert ledger.wallet_balance(paid_twice.owner, "USD").minor == 2 * 1490
    assert gateway.refunds == {}


def test_a_second_payment_spent_meanwhile_keeps_no_refund_waiting(paid_twice, line, plan, gateway, carrier):
    undo(paid_twice, carrier=carrier)
    what = {"kind": Order.Kind.NEW_LINE, "line": None, "owner": line.owner}
    buy(line, plan, gateway="", use_wallet=True, **what)

    carry_on(paid_twice, gateway=gateway, carrier=carrier)

    assert paid_twice.state == State.REFUNDED
    assert sorted(Refund.objects.values_list("state", "failure")) == [("failed", "balance_spent"), ("succeeded", "")]
    assert sum(gateway.given_back(charge.gateway_payment_id) for charge in paid_twice.charges.all()) == 1490


def test_a_bank_that_takes_the_money_while_the_network_is_asked_leaves_the_plan(
    order, charge, gateway, carrier, monkeypatch
):
    poll = usage.poll_line

    def poll_while_a_bank_acts(**about):
        poll(**about)
        report = gateway.disputes[gateway.dispute(charge.gateway_payment_id, state="open")]
        disputes.record(charge=charge, report=report, now=NOW)

    monkeypatch.setattr(taking_back.usage, "poll_line", poll_while_a_bank_acts)

    with pytest.raises(CannotRefund):
        undo(order, carrier=carrier)

    order.refresh_from_db()
    assert order.state == "fulfilled"
