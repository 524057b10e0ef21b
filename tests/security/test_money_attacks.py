"""Ada's forms, tampered with: nobody pays less, with another's card, for another's line, or twice."""

import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import charges, ledger
from billing.gateways.base import KeptCard
from billing.invariants import broken_invariants
from billing.models import Charge, LedgerEntry, Order, PaymentMethod
from billing.tasks import charge_kept_card
from esim.models import Line, ServiceState
from plans.models import Plan, PlanPrice
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, fund
from tests.billing.conftest import gateway, line, plan

__all__ = ["gateway", "line", "plan"]

SEEN = "USD:1490"


def form(**changes):
    return {"form_key": str(uuid.uuid4()), "price_seen": SEEN, "pay_with": "new", **changes}


@pytest.fixture
def renew(as_ada, line, plan):
    """Send the check page's form with changes."""
    address = reverse("billing:renew", args=[line.public_id])
    return lambda **changes: as_ada.post(address, {"plan": plan.public_id, **form(**changes)})


@pytest.fixture
def add_money(as_ada):
    address = reverse("billing:add_money")
    return lambda **amount: as_ada.post(f"{address}?{urlencode(amount)}", form(price_seen="USD:2000", **amount))


@pytest.mark.parametrize(
    "seen",
    ["USD:1", "USD:-1490", "USD:1490.0", "usd:1490", "EUR:1490", "USD:١٤٩٠", "USD:01490", "1490", "USD:1490\x00"],
)
def test_a_tampered_price_buys_nothing(renew, seen):
    assert renew(price_seen=seen).status_code == 422
    assert not Order.objects.exists()


def test_fields_that_no_form_has_change_nothing(renew, subscriber, stranger):
    renew(
        price="1", amount="1", wallet_amount="1490", state="paid", owner=stranger.pk, currency_code="JPY", paid_at="x",
        kind="credit", discount="100", subscription="1", expires_at="2099-01-01", off_session="1", gateway="none",
    )  # fmt: skip

    order = Order.objects.get()
    assert (order.owner, order.total, order.state) == (subscriber, Money(1490, "USD"), Order.State.PENDING)
    assert (order.wallet_amount, order.subscription, order.kind) == (0, None, Order.Kind.RENEWAL)


def test_a_price_that_rose_between_page_and_form_is_asked_about(renew, plan):
    PlanPrice.objects.create(plan=plan, currency="USD", amount=2990, valid_from=timezone.now() - timedelta(minutes=1))

    assert renew().status_code == 422
    assert not Order.objects.exists()


def test_a_currency_switched_between_page_and_form_is_asked_about(renew, plan):
    PlanPrice.objects.create(plan=plan, currency="JPY", amount=1490, valid_from=NOW - timedelta(days=9))

    assert renew(currency="JPY").status_code == 422
    assert not Order.objects.exists()


def test_a_plan_withdrawn_between_page_and_form_is_not_sold(renew):
    Plan.objects.update(active_until=timezone.now() - timedelta(seconds=1))

    assert renew().status_code == 302
    assert not Order.objects.exists()


def test_a_balance_in_another_currency_pays_nothing(renew, subscriber):
    fund(subscriber, Money(99_999, "EUR"))

    assert renew(pay_with="balance").status_code == 422
    assert not Order.objects.exists()


@pytest.mark.parametrize("removed", [False, True])
def test_a_card_that_is_not_there_for_ada_pays_nothing(renew, subscriber, stranger, removed):
    method = make.make_method(owner=subscriber if removed else stranger, removed_at=NOW if removed else None)

    assert renew(pay_with=method.public_id).status_code == 422
    assert not Order.objects.exists()


def test_a_card_removed_after_the_form_is_not_charged(renew, as_ada, subscriber):
    method = make.make_method(owner=subscriber)
    renew(pay_with=method.public_id)
    PaymentMethod.objects.update(removed_at=NOW)

    charge_kept_card(order_id=Order.objects.get().pk)

    charge = Charge.objects.get()
    assert (charge.state, charge.decline_code) == (Charge.State.DECLINED, "card_gone")
    assert not LedgerEntry.objects.exists()


def test_a_form_key_of_somebody_else_is_a_key_like_any_other(renew, stranger):
    key = str(uuid.uuid4())
    make.make_order(owner=stranger, form_key=key)

    assert renew(form_key=key).status_code == 302
    assert Order.objects.filter(form_key=key).count() == 2


def test_one_form_for_two_things_buys_the_first(renew):
    key = str(uuid.uuid4())
    renew(form_key=key)

    answer = renew(form_key=key, plan=make.make_plan().public_id)

    assert answer.status_code == 422
    assert Order.objects.count() == 1


@pytest.mark.parametrize("name", ["renew", "top_up", "agree", "turn_off"])
def test_the_line_of_somebody_else_is_not_found(as_ada, stranger, plan, name):
    theirs = make.make_line(owner=stranger)
    make.make_allowance(line=theirs, plan=plan)

    answer = as_ada.post(reverse(f"billing:{name}", args=[theirs.public_id]), {"plan": plan.public_id, **form()})

    assert answer.status_code == 404
    assert not Order.objects.exists()


def test_a_terminated_line_is_not_renewed(renew, line):
    Line.objects.update(service_state=ServiceState.TERMINATED)

    assert renew().status_code == 404
    assert not Order.objects.exists()


def test_a_data_pack_needs_a_running_plan(as_ada, line):
    pack = make.make_data_pack()
    sent = {"plan": pack.public_id, **form(price_seen="USD:600")}

    as_ada.post(reverse("billing:top_up", args=[line.public_id]), sent)
    as_ada.post(reverse("billing:renew", args=[line.public_id]), sent)
    as_ada.post(reverse("billing:buy", args=[pack.public_id]), sent)

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "amount",
    [
        "-5", "−5", "0", "0.00", "0.001", "1e3", "1E309", "NaN", "Infinity", "٢٠", "２０", "20,00", "1_000", " ", "0x10",
        "9" * 18, "9" * 19, "20.", ".5", "+20", "20\x00", "20.00.00", "$20", "1000000000", "½",
    ],
)  # fmt: skip
def test_no_strange_amount_is_added(add_money, amount):
    answer = add_money(amount=amount, own_amount=amount)

    assert answer.status_code == 422
    assert not Order.objects.exists()


def test_a_payment_with_a_card_of_somebody_else_is_still_booked(line, plan, subscriber, stranger, gateway):
    """The money has moved: whose card it says it was is a question for staff, not a reason to lose it."""
    make.make_method(owner=stranger, reference="card_of_sam")
    order = buy(line, plan)
    charge = charges.open_charge(order)
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
    payment_id = Charge.objects.get().gateway_payment_id
    card = KeptCard(
        reference="card_of_sam", customer=subscriber.public_id, brand="Visa", last_four="4242", expires_month=1,
        expires_year=2031,
    )  # fmt: skip
    gateway.bank_says(payment_id, "paid", card=card)

    result = gateway.look_up(payment_id=payment_id, key="")
    settled = charges.settle(charge_id=charge.pk, result=result, now=NOW)

    assert settled.state == Charge.State.SUCCEEDED
    assert Order.objects.get().state == Order.State.PAID
    assert not PaymentMethod.objects.owned_by(subscriber).exists()
    assert broken_invariants(now=NOW) == {}


def test_money_for_an_order_that_is_over_becomes_balance(line, plan, subscriber, gateway):
    order = buy(line, plan)
    charge = charges.open_charge(order)
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
    Charge.objects.update(state=Charge.State.ABANDONED)
    Order.objects.update(state=Order.State.EXPIRED)
    payment_id = Charge.objects.get().gateway_payment_id
    gateway.bank_says(payment_id, "paid")

    for _ in range(2):
        charges.settle(charge_id=charge.pk, result=gateway.look_up(payment_id=payment_id, key=""), now=NOW)

    assert Order.objects.get().state == Order.State.EXPIRED
    assert ledger.wallet_balance(subscriber, "USD") == Money(1490, "USD")
    assert broken_invariants(now=NOW) == {}
