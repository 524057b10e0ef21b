"""Going on with a payment: one open page an order, and no second attempt while one may still be paid."""

from datetime import timedelta

import pytest

from billing import card_consent, charges, expiry, ledger, paying
from billing.charges import OrderNotPayable, PageRefused, PageUnavailable
from billing.gateways.base import PaymentState
from billing.models import Charge, Order
from billing.paying import StillBeingChecked
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund

MINUTE = timedelta(minutes=1)


@pytest.fixture
def order(line, plan):
    return buy(line, plan)


@pytest.fixture
def page_at(order, gateway, now):
    """Return what leads the payer to the page, so many minutes after the purchase."""

    def page(minutes=0, *, order=order):
        return paying.page_of(
            order=order,
            gateways={gateway.name: gateway},
            return_url="https://portal.example/back/",
            locale="en",
            now=now + minutes * MINUTE,
        )

    return page


@pytest.fixture
def kept(line, plan, subscriber):
    """An order that Ada pays with her kept card."""
    return buy(line, plan, method=make.make_method(owner=subscriber, reference="card_ada"))


def confirm(order, gateway, now):
    consent = card_consent.given(ip="198.51.100.7", now=now)
    paying.confirm_with_bank(
        order=order, card_consent=consent, gateway=gateway, gateways={gateway.name: gateway}, now=now
    )


def states(order):
    return [charge.state for charge in order.charges.order_by("pk")]


def open_pages(gateway):
    return [one for one in gateway.payments.values() if one.state == PaymentState.PENDING]


@pytest.mark.parametrize("minutes", [1, 24, 49])
def test_a_page_is_used_again_while_there_is_time(page_at, gateway, minutes):
    first = page_at()

    assert page_at(minutes) == first
    assert gateway.calls == ["open_page"]


def test_a_page_that_closes_soon_is_asked_about_and_used_again(page_at, gateway):
    first = page_at()

    assert page_at(52) == first
    assert gateway.calls == ["open_page", "look_up"]


@pytest.mark.parametrize("minutes", [55, 59, 61, 600])
def test_a_page_without_time_left_makes_way_for_another(order, page_at, gateway, minutes):
    first = page_at()

    second = page_at(minutes)

    assert second != first
    assert states(order) == [Charge.State.ABANDONED, Charge.State.PENDING]
    assert len(open_pages(gateway)) == 1


@pytest.mark.parametrize("minutes", [52, 57, 70])
def test_a_page_that_was_paid_meanwhile_settles_the_order(order, page_at, gateway, minutes):
    page_at()
    gateway.bank_says(order.charges.get().gateway_payment_id, "paid")

    assert page_at(minutes) == ""
    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert len(gateway.payments) == 1


def test_a_page_that_may_have_been_paid_gets_no_other_beside_it(order, page_at, gateway):
    page_at()
    gateway.down = {"look_up", "close_page"}

    with pytest.raises(PageUnavailable):
        page_at(57)
    gateway.down = {"close_page"}
    with pytest.raises(StillBeingChecked):
        page_at(58)

    assert states(order) == [Charge.State.PENDING]


def test_a_page_that_the_bank_still_works_on_is_left_alone(order, page_at, gateway):
    page_at()
    gateway.unclosable = {order.charges.get().gateway_payment_id}

    with pytest.raises(StillBeingChecked):
        page_at(61)

    assert states(order) == [Charge.State.PENDING]


def test_a_page_never_opened_is_not_opened_late_under_its_old_key(order, page_at, gateway):
    page_at(26)

    assert states(order) == [Charge.State.ABANDONED, Charge.State.PENDING]
    assert list(gateway.by_key) == [order.charges.order_by("pk").last().public_id]


def test_a_page_whose_address_got_lost_is_the_same_page_in_time_and_closed_later(order, page_at, gateway):
    gateway.losing = {"open_page"}
    with pytest.raises(PageUnavailable):
        page_at()
    gateway.losing = set()
    late = order.charges.get()

    page_at(30)

    assert gateway.payments[gateway.by_key[late.public_id]].state == PaymentState.ABANDONED
    assert len(open_pages(gateway)) == 1


def test_a_new_page_keeps_the_order_open_as_long_as_itself(order, page_at, gateway, now):
    page_at()
    page_at(58)

    expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + 70 * MINUTE)

    assert states(order)[-1] == Charge.State.PENDING
    assert Order.objects.get().state == Order.State.PENDING


def test_a_page_the_gateway_will_not_open_is_declined_in_words(order, page_at, gateway):
    gateway.refusing = {"open_page"}

    with pytest.raises(PageRefused):
        page_at()

    assert order.charges.get().decline_code == "gateway_refused"
    gateway.refusing = set()
    assert page_at() == "", "the order waits for another way to be chosen"


@pytest.mark.parametrize("call", ["prepare", "charge_saved"])
def test_a_kept_card_the_gateway_will_not_charge_is_declined(kept, gateway, now, call):
    gateway.refusing = {call}

    paying.charge_kept_card(order=kept, gateways={gateway.name: gateway}, now=now)

    charge = kept.charges.get()
    assert (charge.state, charge.decline_code) == (Charge.State.DECLINED, "gateway_refused")
    assert gateway.taken == []


def test_a_kept_card_is_charged_once_however_often_it_is_asked_for(kept, gateway, now):
    for _time in range(3):
        paying.charge_kept_card(order=kept, gateways={gateway.name: gateway}, now=now)

    assert len(gateway.taken) == 1


def test_a_lost_answer_is_not_asked_for_again_by_the_page(kept, gateway, now):
    gateway.losing = {"charge_saved"}
    for _time in range(3):
        paying.charge_kept_card(order=kept, gateways={gateway.name: gateway}, now=now)

    assert gateway.calls.count("charge_saved") == 1
    assert states(kept) == [Charge.State.UNKNOWN]


def test_following_the_link_of_a_kept_card_charges_nothing(kept, page_at, gateway):
    assert page_at(order=kept) == ""
    assert gateway.calls == []


@pytest.fixture
def needs_confirming(kept, gateway, now):
    """A kept card that its bank wants confirmed, and no page of the bank's to do it on."""
    gateway.outcomes["card_ada"] = "needs_action"
    gateway.confirm_url = ""
    paying.charge_kept_card(order=kept, gateways={gateway.name: gateway}, now=now)
    return kept


def test_a_payment_to_confirm_goes_on_where_its_payer_is_asked(needs_confirming, page_at, gateway, now):
    confirm(needs_confirming, gateway, now)
    page = page_at(order=needs_confirming)

    again = needs_confirming.charges.order_by("pk").last()
    assert page.startswith("/pay-at-fake/")
    assert (again.method, again.save_method) == (None, True)
    assert states(needs_confirming) == [Charge.State.ABANDONED, Charge.State.PENDING]


def test_confirming_twice_is_one_page(needs_confirming, page_at, gateway, now):
    for _time in range(2):
        confirm(needs_confirming, gateway, now)
        page_at(order=needs_confirming)

    assert len(open_pages(gateway)) == 1


def test_a_payment_confirmed_in_the_bank_s_app_meanwhile_is_not_asked_for_again(needs_confirming, gateway, now):
    gateway.bank_says(needs_confirming.charges.get().gateway_payment_id, "paid")

    with pytest.raises(OrderNotPayable):
        confirm(needs_confirming, gateway, now)

    needs_confirming.refresh_from_db()
    assert needs_confirming.state == Order.State.PAID
    assert len(gateway.taken) == 1


def test_an_attempt_at_a_gateway_that_is_gone_is_not_paid_beside(order, gateway, now):
    order.charges.update(gateway="former")

    with pytest.raises(StillBeingChecked):
        paying.begin_another_way(
            order=order, method=None, card_consent=None, gateway=gateway, gateways={gateway.name: gateway}, now=now
        )

    assert order.charges.count() == 1


def test_a_page_opened_for_an_attempt_given_up_meanwhile_is_no_fault_when_it_can_t_be_closed(order, gateway, now):
    charge = order.charges.get()
    Charge.objects.update(state=Charge.State.ABANDONED)
    gateway.down = {"close_page"}

    with pytest.raises(OrderNotPayable):
        charges.open_page(charge=charge, gateway=gateway, return_url="/", locale="en", now=now)

    assert Charge.objects.get().gateway_payment_id in gateway.payments, "a late payment is found by its id"


def test_a_late_payment_on_such_a_page_becomes_balance(order, gateway, subscriber, now):
    charge = order.charges.get()
    Charge.objects.update(state=Charge.State.ABANDONED)
    Order.objects.update(state=Order.State.EXPIRED)
    gateway.down = {"close_page"}
    with pytest.raises(OrderNotPayable):
        charges.open_page(charge=charge, gateway=gateway, return_url="/", locale="en", now=now)
    late = Charge.objects.get()

    gateway.bank_says(late.gateway_payment_id, "paid")
    charges.settle(charge_id=late.pk, result=gateway.payments[late.gateway_payment_id], now=now)

    assert ledger.wallet_balance(subscriber, "USD") == Money(1490, "USD")
    assert subscriber.notifications.filter(kind="payment_returned").count() == 1


def test_what_the_balance_pays_stays_reserved_while_the_card_is_declined(line, plan, subscriber, page_at, gateway, now):
    fund(subscriber, Money(500, "USD"))
    order = buy(line, plan, use_wallet=True)
    page_at(order=order)
    charge = order.charges.get()
    gateway.bank_says(charge.gateway_payment_id, "insufficient_funds")
    charges.settle(charge_id=charge.pk, result=gateway.payments[charge.gateway_payment_id], now=now)

    reserved = ledger.wallet_balance(subscriber, "USD")
    expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + 61 * MINUTE)

    assert reserved == Money(0, "USD")
    assert ledger.wallet_balance(subscriber, "USD") == Money(500, "USD")
    assert Order.objects.get(pk=order.pk).state == Order.State.EXPIRED


def test_cancelling_gives_the_reserved_balance_back_at_once(line, plan, subscriber, page_at, gateway, now):
    fund(subscriber, Money(500, "USD"))
    order = buy(line, plan, use_wallet=True)
    page_at(order=order)

    expiry.cancel_order(order=order, gateways={gateway.name: gateway}, now=now)

    assert ledger.wallet_balance(subscriber, "USD") == Money(500, "USD")
    assert open_pages(gateway) == []


def test_a_payment_of_the_card_s_part_after_expiry_becomes_balance_beside_the_reserved_part(
    line, plan, subscriber, page_at, gateway, now
):
    fund(subscriber, Money(500, "USD"))
    order = buy(line, plan, use_wallet=True)
    page_at(order=order)
    charge = order.charges.get()
    expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + 61 * MINUTE)

    gateway.bank_says(charge.gateway_payment_id, "paid")
    charges.settle(charge_id=charge.pk, result=gateway.payments[charge.gateway_payment_id], now=now + 62 * MINUTE)

    assert ledger.wallet_balance(subscriber, "USD") == Money(1490, "USD")
    notice = subscriber.notifications.get(kind="payment_returned")
    assert notice.context["money"] == {"minor": 990, "currency": "USD"}
