"""What is owed, line by line: what a bank took back of what was delivered, and settling it once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Notification
from accounts.notifications import deliver_due
from billing import arrears, charges, gateway_events, invoices, refund_requests, taking_back
from billing.arrears import NothingOwed
from billing.models import LedgerEntry, Order, Refund, Subscription
from billing.refund_offers import CannotRefund
from billing.refund_requests import Wish
from billing.refundable import parts_of
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, PRICE, buy, delivered, fund, kinds, lose, pay, purchase_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

DAY = timedelta(days=1)
ARREARS = reverse("billing:arrears")


def owed(user, now=NOW):
    return [(one.line, one.money) for one in arrears.owed(user, now=now)]


def settling(line, **changes):
    return purchase_of(line, None, **{"kind": Order.Kind.ARREARS, "plan": None, **changes})


@pytest.fixture
def lost(order, charge, gateway):
    return lose(gateway, charge)


def test_what_was_delivered_and_charged_back_is_owed_by_its_line(order, charge, gateway, line, subscriber):
    before = owed(subscriber)

    lose(gateway, charge)

    assert (before, owed(subscriber)) == ([], [(line, PRICE)])


def test_an_undecided_dispute_is_no_debt(order, charge, gateway, subscriber):
    gateway.dispute(charge.gateway_payment_id, state="open")
    gateway_events.store(gateway_name=gateway.name, notice=gateway.events[-1], by_webhook=True, now=NOW)
    gateway_events.apply_gateway_events(gateway=gateway, now=NOW)

    assert owed(subscriber) == []


def take_back_as_balance(order, *, carrier):
    to_balance = Refund.Destination.BALANCE
    taking_back.undo(order=order, goes_to=to_balance, ip=None, carrier=carrier, within=DAY, now=NOW)
    taking_back.take_back(order_id=order.pk, carrier=carrier, now=NOW)


@pytest.fixture
def undone(order, charge, gateway, carrier, subscriber):
    """A plan that was taken back for balance, most of which went into another line before the bank took the payment."""
    other = make.make_line(owner=subscriber)
    take_back_as_balance(order, carrier=carrier)
    buy(other, make.make_plan(prices={"USD": 1000}), price=Money(1000, "USD"), gateway="", use_wallet=True)
    return lose(gateway, charge)


def test_what_was_undone_and_spent_before_the_bank_took_it_is_owed(undone, line, subscriber):
    assert (undone.credited, undone.frozen) == (PRICE, Money(490, "USD"))
    assert owed(subscriber) == [(line, Money(1000, "USD"))]


@pytest.mark.usefixtures("at_now")
def test_what_was_undone_and_spent_is_settled_like_the_rest(as_subscriber, undone, line, subscriber):
    page = as_subscriber.get(ARREARS).content.decode()
    fund(subscriber, Money(1000, "USD"))

    as_subscriber.post(
        reverse("billing:settle", args=[undone.public_id]),
        {"form_key": str(uuid4()), "price_seen": "USD:1000", "pay_with": "balance"},
    )

    assert "added to your balance and spent" in page
    assert "was delivered" not in page
    assert (Order.objects.get(kind="arrears").state, owed(subscriber)) == ("fulfilled", [])


def test_what_was_undone_and_not_spent_is_not_owed(order, charge, gateway, carrier, subscriber):
    take_back_as_balance(order, carrier=carrier)

    lose(gateway, charge)

    assert owed(subscriber) == []


@pytest.mark.usefixtures("at_now")
def test_settling_from_the_balance_makes_the_loss_good(as_subscriber, lost, line, subscriber):
    fund(subscriber, Money(2000, "USD"))
    page = reverse("billing:settle", args=[lost.public_id])
    shown = as_subscriber.get(page).content.decode()
    form = {"form_key": str(uuid4()), "price_seen": "USD:1490", "pay_with": "balance"}

    answer = as_subscriber.post(page, form)

    settled = Order.objects.get(kind="arrears")
    assert f"Settle what is owed for {line}" in shown
    assert answer.url == reverse("billing:order", args=[settled.public_id])
    assert (settled.state, settled.line, owed(subscriber)) == ("fulfilled", line, [])
    assert kinds(settled)[-1] == "recovered"
    deliver_due(now=NOW)
    assert Notification.objects.get(kind="arrears_settled", user=subscriber).state == "sent"
    assert "Settled" in as_subscriber.get(answer.url).content.decode()
    # The same form again, after a lost connection.
    assert as_subscriber.post(page, form).url == answer.url


def test_settling_by_card_gets_a_receipt_without_tax_and_is_not_given_back(lost, line, gateway, subscriber):
    bought = arrears.place_order(purchase=settling(line), now=NOW)
    pay(bought.charges.get(), gateway=gateway)
    bought.refresh_from_db()

    receipt = invoices.issue(order_id=bought.pk, now=NOW)

    assert (bought.state, owed(subscriber), parts_of(bought)) == ("fulfilled", [], [])
    assert (receipt.kind, receipt.tax_amount, receipt.details["is_supply"]) == ("receipt", 0, False)


def test_its_pages_say_what_was_owed(as_subscriber, lost, line, gateway):
    bought = arrears.place_order(purchase=settling(line), now=NOW)
    before = [as_subscriber.get(reverse(f"billing:{name}", args=[bought.public_id])) for name in ("order", "cancel")]
    pay(bought.charges.get(), gateway=gateway)
    after = [
        as_subscriber.get(reverse(f"billing:{name}", args=[bought.public_id])) for name in ("order", "receipt", "why")
    ]
    lists = [as_subscriber.get(reverse(f"billing:{name}")) for name in ("orders", "charges")]

    assert {page.status_code for page in [*before, *after, *lists]} == {200}
    for page in (before[0], after[0], after[1], *lists):
        assert "What was owed" in page.content.decode()
        assert "Balance top-up" not in page.content.decode()


def test_whoever_settles_twice_is_led_to_one_order(lost, line):
    first = arrears.place_order(purchase=settling(line), now=NOW)
    second = arrears.place_order(purchase=settling(line), now=NOW)

    assert (first, Order.objects.filter(kind="arrears").count()) == (second, 1)


def test_what_was_not_paid_in_time_can_be_settled_again(lost, line, subscriber):
    first = arrears.place_order(purchase=settling(line), now=NOW)
    first.charges.update(state="abandoned")
    Order.objects.filter(pk=first.pk).update(state="expired")

    again = arrears.place_order(purchase=settling(line), now=NOW)

    assert (again != first, owed(subscriber)) == (True, [(line, PRICE)])
    Order.objects.filter(pk=again.pk).update(state="expired")
    again.charges.update(state="abandoned")


def test_another_amount_than_is_owed_is_never_charged(lost, line):
    with pytest.raises(NothingOwed):
        arrears.place_order(purchase=settling(line, price=Money(1000, "USD")), now=NOW)

    assert not Order.objects.filter(kind="arrears").exists()


def test_each_line_is_settled_by_itself(lost, line, subscriber, plan, gateway, carrier):
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)
    lose(gateway, delivered(other, plan, gateway=gateway, carrier=carrier).charges.get())
    fund(subscriber, PRICE)

    arrears.place_order(purchase=settling(other, use_wallet=True, gateway=""), now=NOW)

    assert owed(subscriber) == [(line, PRICE)]


def test_a_settlement_that_is_charged_back_is_owed_again(lost, line, gateway, subscriber):
    bought = arrears.place_order(purchase=settling(line), now=NOW)
    pay(bought.charges.get(), gateway=gateway)

    lose(gateway, bought.charges.get())

    assert owed(subscriber) == [(line, PRICE)]
    assert LedgerEntry.objects.filter(kind="recovered").count() == 1


def test_a_declined_renewal_is_owed_until_it_is_turned_off(subscriber, line, plan):
    ended = make.make_allowance(line=line, plan=plan, ends_at=NOW + DAY)
    declined = {"state": "past_due", "reason": "declined:insufficient_funds", "suspend_due_at": NOW + 5 * DAY}
    subscription = make.make_subscription(line=line, plan=plan, declines=1, charge_due_at=NOW + DAY, **declined)
    running = owed(subscriber)
    over = owed(subscriber, now=ended.ends_at)

    Subscription.objects.filter(pk=subscription.pk).update(mode="off")

    assert (running, over, owed(subscriber, now=ended.ends_at)) == ([], [(line, PRICE)], [])


@pytest.mark.usefixtures("at_now")
def test_a_declined_renewal_offers_to_renew_or_to_turn_it_off(as_subscriber, subscriber, line, plan):
    make.make_allowance(line=line, plan=plan, ends_at=NOW - DAY)
    declined = {"state": "past_due", "reason": "declined:insufficient_funds", "suspend_due_at": NOW + 5 * DAY}
    make.make_subscription(line=line, plan=plan, declines=1, charge_due_at=NOW + DAY, **declined)

    page = as_subscriber.get(ARREARS).content.decode()

    assert f"/lines/{line.public_id}/renew/?plan={plan.public_id}" in page
    assert reverse("billing:turn_off", args=[line.public_id]) in page


def test_a_declined_renewal_is_named_as_it_was_ordered(subscriber, line, plan):
    make.make_allowance(line=line, plan=plan, ends_at=NOW - DAY)
    declined = {"state": "past_due", "declines": 1, "suspend_due_at": NOW + 5 * DAY}
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=NOW + DAY, **declined)
    terms = PlanTerms.of(plan).to_json()
    make.make_order(owner=subscriber, line=line, plan=plan, subscription=subscription, period_index=1, plan_terms=terms)
    Plan.objects.update(name="Renamed")

    [one] = arrears.owed(subscriber, now=NOW)

    assert one.plan_label == terms["name"]


def test_what_is_owed_stands_on_the_pages_of_line_and_billing(as_subscriber, lost, line):
    for address in (reverse("home"), reverse("line", args=[line.public_id]), reverse("billing:overview")):
        assert f'href="{ARREARS}"' in as_subscriber.get(address).content.decode(), address
    assert "US$14.90" in as_subscriber.get(ARREARS).content.decode()


def test_what_settled_a_debt_is_not_taken_back_with_a_payment_too_many(credit, gateway, subscriber, staff):
    line, price = make.make_line(owner=subscriber), Money(2000, "USD")
    buy(line, make.make_plan(prices={"USD": 2000}), price=price, gateway="", use_wallet=True)
    lose(gateway, credit.charges.get())
    for_the_balance = purchase_of(line, None, kind=Order.Kind.ARREARS, plan=None, line=None, price=price)
    debt = arrears.place_order(purchase=for_the_balance, now=NOW)
    late = pay(debt.charges.get(), gateway=gateway, answer="generic_decline")
    pay(charges.start_charge(order=debt, gateway_name="sandbox", now=NOW), gateway=gateway)
    pay(late, gateway=gateway)
    debt.refresh_from_db()
    wish = Wish(
        order=debt,
        money=price,
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.DUPLICATE,
        note="Paid twice.",
        takes_back=True,
    )

    with pytest.raises(CannotRefund, match="there is no plan to take back"):
        refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": Money(10_000, "USD")}, now=NOW)

    assert not arrears.owes(subscriber, now=NOW)
