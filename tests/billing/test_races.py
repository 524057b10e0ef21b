"""Many at once on one order, one payment, one balance; each race has a control that shows it can be lost."""

import itertools
import random
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from billing import charges, ledger, orders, paying, settlement
from billing.checkout import place_order
from billing.expiry import cancel_order, end_unpaid
from billing.gateways.base import PaymentState
from billing.invariants import broken_invariants
from billing.ledger import InsufficientBalance
from billing.models import Charge, LedgerAccount, LedgerEntry, Order, OrderQuerySet
from billing.orders import fulfil
from esim.models import Allowance
from tests import make
from tests.billing.books import NOW, PRICE, buy, fund, paid_order, purchase_of
from tests.fakes.carrier import FakeCarrier
from tests.fakes.crowd import slowed, together, without_constraint
from tests.fakes.gateway import FakeGateway

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 20


@pytest.fixture
def no_row_locks(monkeypatch):
    """Turn SELECT … FOR UPDATE into a plain SELECT."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)


@pytest.fixture
def paid_page(line, plan, gateway):
    """A charge that was paid at the gateway and is not settled yet."""
    charge = buy(line, plan).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
    gateway.bank_says(charge.gateway_payment_id, "paid")
    return charge


def place_one_form(purchase):
    with slowed("billing_order", "INSERT"):
        return together(CROWD, lambda _number: place_order(purchase=purchase, now=NOW))


def test_one_form_sent_by_many_tabs_is_one_order(line, plan):
    placed = place_one_form(purchase_of(line, plan))

    assert len({order.pk for order in placed}) == 1
    assert Order.objects.count() == Charge.objects.count() == 1


def test_control_without_the_constraint_one_form_is_many_orders(line, plan):
    def clean_up():
        Charge.objects.all().delete()
        Order.objects.all().delete()

    with without_constraint(Order, "order_one_a_form", clean_up=clean_up):
        place_one_form(purchase_of(line, plan))

        assert Order.objects.count() > 1


def settle_together(charge, gateway):
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
    with slowed("billing_charge", "UPDATE", seconds=0.02):
        return together(CROWD, lambda _number: charges.settle(charge_id=charge.pk, result=result, now=NOW))


def test_a_payment_settled_by_many_is_received_once(paid_page, gateway):
    settled = settle_together(paid_page, gateway)

    assert [charge.state for charge in settled] == ["succeeded"] * CROWD
    assert LedgerEntry.objects.filter(kind="received").count() == 1
    assert Order.objects.get().state == "paid"


def test_without_row_locks_a_payment_is_still_received_once(paid_page, gateway, no_row_locks):
    settle_together(paid_page, gateway)

    assert LedgerEntry.objects.filter(kind="received").count() == 1


def test_control_without_any_guard_a_payment_is_received_twice(paid_page, gateway, no_row_locks, monkeypatch):
    def move_unasked(charge, *, to, result, **columns):
        Charge.objects.filter(pk=charge.pk).update(state=to, gateway_payment_id=result.payment_id, **columns)
        return True

    monkeypatch.setattr(settlement, "_move", move_unasked)
    # Keys that differ do what a missing constraint would do.
    plain_move, numbers = ledger.move, itertools.count()
    monkeypatch.setattr(ledger, "move", lambda *, key, **rest: plain_move(key=f"{key}:{next(numbers)}", **rest))

    settle_together(paid_page, gateway)

    assert LedgerEntry.objects.filter(kind="received").count() > 1


def spend_together(line, plan):
    fund(line.owner, PRICE)
    # Opening the shared accounts would line the crowd up, and the race would be over before it began.
    for kind in ("held", "sales"):
        LedgerAccount.objects.create(kind=kind, currency="USD")
    with slowed("billing_order", "INSERT", seconds=0.02):
        return together(CROWD, lambda _number: buy(line, plan, use_wallet=True, gateway=""))


def test_a_balance_for_one_purchase_pays_for_one(line, plan):
    outcomes = spend_together(line, plan)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InsufficientBalance) for outcome in outcomes) == CROWD - 1
    assert ledger.wallet_balance(line.owner, "USD").minor == 0


@pytest.mark.slow
def test_a_hundred_purchases_at_once_spend_a_balance_for_one_once(line, plan, subscriber):
    fund(subscriber, PRICE)

    def buy_twice(_number):
        outcomes = []
        for _purchase in range(2):
            try:
                outcomes.append(buy(line, plan, use_wallet=True, gateway=""))
            except InsufficientBalance as refusal:
                outcomes.append(refusal)
        return outcomes

    # Fifty connections, which is what PostgreSQL as it comes can spare.
    outcomes = [outcome for pair in together(50, buy_twice) for outcome in pair]

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InsufficientBalance) for outcome in outcomes) == 99
    assert ledger.wallet_balance(subscriber, "USD").minor == 0
    assert broken_invariants(now=NOW) == {}


def test_without_row_locks_a_balance_still_pays_for_one(line, plan, no_row_locks):
    outcomes = spend_together(line, plan)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert ledger.wallet_balance(line.owner, "USD").minor == 0


def test_control_a_balance_looked_at_before_it_is_written_pays_twice(line, plan, no_row_locks, monkeypatch):
    def look_then_write(row, change):
        balance = LedgerAccount.objects.get(pk=row.pk).balance
        if balance + change < 0:
            raise InsufficientBalance
        time.sleep(0.1)
        LedgerAccount.objects.filter(pk=row.pk).update(balance=balance + change)

    monkeypatch.setattr(ledger, "_change_balance", look_then_write)

    outcomes = spend_together(line, plan)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) > 1


def test_an_account_opened_by_many_is_opened_once(subscriber, stranger):
    together(CROWD, lambda number: fund([subscriber, stranger][number % 2], PRICE))

    assert LedgerAccount.objects.count() == 3
    assert ledger.wallet_balance(subscriber, "USD") == PRICE * (CROWD // 2)


def test_an_order_taken_up_by_many_is_delivered_once(line, plan, carrier):
    order = paid_order(line, plan)

    with slowed("billing_order", "UPDATE", seconds=0.05):
        together(CROWD, lambda _number: fulfil(order_id=order.pk, carrier=carrier, now=NOW))

    assert len(carrier.asked) == 1
    assert Allowance.objects.count() == 1


def test_control_without_the_claim_an_order_is_delivered_by_many(line, plan, carrier, monkeypatch):
    order = paid_order(line, plan)
    # An order that is always due is claimed by everybody who looks.
    monkeypatch.setattr(OrderQuerySet, "to_fulfil", lambda self, _now: self)
    monkeypatch.setattr(orders, "_still_ours", lambda order: Order.objects.filter(pk=order.pk))

    together(CROWD, lambda _number: fulfil(order_id=order.pk, carrier=carrier, now=NOW))

    assert len(carrier.asked) > 1


def test_renewals_taken_up_at_once_follow_each_other(line, plan, carrier):
    renewals = [paid_order(line, plan) for _number in range(4)]

    for _round in range(4):
        together(4, lambda number: fulfil(order_id=renewals[number].pk, carrier=carrier, now=NOW))

    periods = list(Allowance.objects.order_by("starts_at").values_list("starts_at", "ends_at"))
    assert [start for start, _end in periods[1:]] == [end for _start, end in periods[:-1]]
    assert len(periods) == 4


def test_an_order_is_paid_or_ended_but_not_both(paid_page, gateway):
    result = gateway.look_up(payment_id=paid_page.gateway_payment_id, key="")
    order = Order.objects.get()

    def settle_or_end(number):
        if number % 2:
            return charges.settle(charge_id=paid_page.pk, result=result, now=NOW)
        return end_unpaid(order=order, state=Order.State.EXPIRED, gateways={gateway.name: gateway}, now=NOW)

    outcomes = together(CROWD, settle_or_end)

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Order.objects.get().state == "paid"


def test_an_order_has_one_open_attempt_however_many_ask(line, plan):
    order = buy(line, plan, gateway="")

    started = together(CROWD, lambda _number: charges.start_charge(order=order, gateway_name="sandbox", now=NOW))

    assert len({charge.pk for charge in started}) == 1


def test_everything_at_once_leaves_the_books_right(line, plan, subscriber):
    """Buy, pay, decline, lose answers, expire and fulfil from eight sides for three seconds."""
    seed = random.randrange(10**6)  # noqa: S311 - dice, not secrets
    print(f"seed {seed}")  # noqa: T201 - replays a failure
    make.make_method(owner=subscriber, reference="card_ada")
    fund(subscriber, PRICE * 20)
    gateway, carrier = FakeGateway(), FakeCarrier()
    end = time.monotonic() + 3

    def live(number):
        dice = random.Random(seed + number)  # noqa: S311 - dice, not secrets
        while time.monotonic() < end:
            turn(dice, line=line, plan=plan, gateway=gateway, carrier=carrier)

    failures = [outcome for outcome in together(8, live) if outcome is not None]

    assert failures == []
    assert LedgerEntry.objects.count() > 20
    assert broken_invariants(now=NOW) == {}


def turn(dice, *, line, plan, gateway, carrier):
    """Do one thing a subscriber, a worker or a bad network might do."""
    order = Order.objects.order_by("?").first()
    match dice.choice(["buy", "balance", "both", "page", "pay", "expire", "fulfil"]):
        case "buy":
            buy(line, plan)
        case "balance":
            with suppress(InsufficientBalance):
                buy(line, plan, use_wallet=True, gateway="")
        case "both":
            buy(line, plan, use_wallet=True)
        case "page" if order and (charge := charges.open_charge(order)):
            with suppress(charges.OrderNotPayable):
                charges.open_page(charge=charge, gateway=gateway, return_url="/", locale="en", now=NOW)
        case "pay" if order and (charge := charges.open_charge(order)) and charge.gateway_payment_id:
            gateway.bank_says(charge.gateway_payment_id, dice.choice(["paid", "insufficient_funds"]))
            result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
            charges.settle(charge_id=charge.pk, result=result, now=NOW)
        case "expire" if order and order.state == "pending":
            end_unpaid(order=order, state=Order.State.EXPIRED, gateways={gateway.name: gateway}, now=NOW)
        case "fulfil" if order and order.state == "paid":
            carrier.refusing = {"grant": "no_capacity"} if dice.random() < 0.3 else {}
            fulfil(order_id=order.pk, carrier=carrier, now=NOW)


def test_a_page_asked_for_by_many_tabs_at_its_end_is_replaced_once(line, plan):
    gateway, order = FakeGateway(), buy(line, plan)
    gateways = {gateway.name: gateway}

    def page_at(minutes):
        now = NOW + timedelta(minutes=minutes)
        return paying.page_of(order=order, gateways=gateways, return_url="/", locale="en", now=now)

    page_at(0)
    with slowed("billing_charge", "UPDATE", seconds=0.02):
        together(CROWD, lambda _number: page_at(58))

    assert gateway.calls.count("look_up") > 1, "several found the old page at its end"
    payable = [one for one in gateway.payments.values() if one.state == PaymentState.PENDING]
    assert len(payable) == 1
    assert order.charges.filter(state__in=Charge.State.OPEN).count() == 1


def test_a_kept_card_asked_for_by_many_workers_is_charged_once(line, plan, subscriber):
    gateway = FakeGateway()
    order = buy(line, plan, method=make.make_method(owner=subscriber, reference="card_ada"))

    with slowed("billing_charge", "UPDATE", seconds=0.02):
        together(CROWD, lambda _number: paying.charge_kept_card(order=order, gateways={gateway.name: gateway}, now=NOW))

    assert gateway.calls.count("prepare") > 1, "several found it not begun"
    assert len(gateway.taken) == 1
    assert LedgerEntry.objects.filter(kind="received").count() == 1


def test_a_kept_card_is_charged_or_the_order_is_cancelled_but_not_both(line, plan, subscriber):
    gateway = FakeGateway()
    gateways = {gateway.name: gateway}
    order = buy(line, plan, method=make.make_method(owner=subscriber, reference="card_ada"))

    def charge_or_cancel(number):
        if number % 2:
            return paying.charge_kept_card(order=order, gateways=gateways, now=NOW)
        return cancel_order(order=order, gateways=gateways, now=NOW)

    outcomes = together(CROWD, charge_or_cancel)

    order.refresh_from_db()
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (order.state == Order.State.PAID) == (len(gateway.taken) == 1)
    assert broken_invariants(now=NOW) == {}
