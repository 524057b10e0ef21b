"""What comes to the balance of a closed account goes back to where that person's money came from."""

import pytest

from accounts.models import AccountClosing
from billing import charges, expiry, ledger, left_behind, orders, refund_requests, refunds
from billing.models import Order, Refund
from billing.refund_requests import Wish
from portal.admin_attention import needs_a_person
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, PRICE, buy, fund, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

TITLE = "Balances of closed accounts that did not go back by themselves: pay them out, or write them off"


def close(user):
    AccountClosing.objects.create(user=user, state="closed", asked_at=NOW, closes_at=NOW, look_at=NOW, ended_at=NOW)


def balance(user):
    return ledger.wallet_balance(user, "USD").minor


@pytest.fixture
def send_back(gateway):
    """Do what the timetable does, and send what was begun."""

    def tick():
        begun = left_behind.send_back(now=NOW)
        for refund in Refund.objects.filter(state=Refund.State.CREATED):
            refunds.send(refund=refund, gateway=gateway, now=NOW)
        return begun

    return tick


def given_back():
    return list(Refund.objects.order_by("pk").values_list("amount", "state", "reason"))


def on_the_front_page(staff):
    return sum(one.count for one in needs_a_person(staff, NOW) if str(one.title) == TITLE)


def test_a_gift_that_could_not_be_delivered_goes_back_to_its_card(
    line, plan, stranger, gateway, carrier, send_back, staff
):
    order = buy(line, plan, owner=stranger)
    pay(order.charges.get(), gateway=gateway)
    close(stranger)
    carrier.refusing = {"grant": "no capacity"}
    orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)
    assert on_the_front_page(staff) == 1

    begun = [send_back(), send_back()]

    assert (begun, given_back()) == ([1, 0], [(PRICE.minor, "succeeded", "account_closed")])
    assert (balance(stranger), on_the_front_page(staff)) == (0, 0)
    assert gateway.left_us(order.charges.get().gateway_payment_id) == PRICE.minor


def test_money_that_comes_late_goes_back(line, plan, gateway, send_back):
    order = buy(line, plan)
    charge = order.charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
    charge.refresh_from_db()
    expiry.end_unpaid(order=order, state=Order.State.EXPIRED, gateways={gateway.name: gateway}, now=NOW)
    close(line.owner)
    pay(charge, gateway=gateway)

    assert send_back() == 1
    assert (balance(line.owner), given_back()[0][1]) == (0, "succeeded")


def test_what_the_balance_had_paid_goes_back_to_the_cards_that_had_paid_it_in(
    line, plan, credit, gateway, carrier, send_back
):
    order = buy(line, plan, use_wallet=True, gateway="")
    ledger.move(
        kind=ledger.Kind.GIVEN_UP,
        debit=ledger.wallet(line.owner_id, "USD"),
        credit=ledger.given_up("USD"),
        money=Money(2000, "USD") - PRICE,
        key="closing:1",
        now=NOW,
    )
    close(line.owner)
    carrier.refusing = {"grant": "no capacity"}
    orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)

    send_back()

    assert [one.charge.order for one in Refund.objects.all()] == [credit]
    assert (balance(line.owner), given_back()) == (0, [(PRICE.minor, "succeeded", "account_closed")])


@pytest.mark.parametrize("came_from", ["nowhere", "a card that takes nothing back"])
def test_what_cannot_go_back_stays_for_staff(line, plan, credit, gateway, staff, send_back, came_from):
    close(line.owner)
    gateway.refund_outcome = "expired_or_canceled_card"
    if came_from == "nowhere":
        fund(line.owner, Money(500, "USD"))

    for _tick in range(3):
        send_back()

    assert [state for _amount, state, _reason in given_back()] == ["failed"]
    assert on_the_front_page(staff) == 1


def test_what_waits_for_staff_is_not_in_the_way_of_the_rest(line, send_back, monkeypatch, request):
    monkeypatch.setattr(left_behind, "BATCH", 1)
    stuck = make.make_user()
    fund(stuck, Money(500, "USD"))
    request.getfixturevalue("credit")
    close(stuck)
    close(line.owner)

    assert any(send_back() for _tick in range(60))


def test_an_open_account_keeps_its_balance(credit, send_back, line, staff):
    AccountClosing.objects.create(user=line.owner, asked_at=NOW, closes_at=NOW, look_at=NOW)

    assert (send_back(), balance(line.owner), on_the_front_page(staff)) == (0, 2000, 0)


def test_what_staff_give_as_balance_does_not_stay_there(order, charge, staff, send_back):
    close(order.owner)
    wish = Wish(
        order=order,
        charge=charge,
        money=Money(100, "USD"),
        goes_to=Refund.Destination.BALANCE,
        reason=Refund.Reason.GOODWILL,
        note="Sorry",
    )
    refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)

    assert (balance(order.owner), Refund.objects.get().goes_to) == (0, "payer")


@pytest.mark.slow
def test_the_list_behind_the_count_opens(client, staff, line):
    fund(line.owner, Money(500, "USD"))
    close(line.owner)
    client.force_login(staff)

    [row] = [one for one in needs_a_person(staff, NOW) if str(one.title) == TITLE]

    assert [one.owner for one in client.get(row.href).context["cl"].result_list] == [line.owner]
