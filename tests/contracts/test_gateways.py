"""What every payment gateway promises about taking money, proven of each through its own outside world."""

from dataclasses import replace

import pytest

from billing.gateways.base import CardPageRequest, GatewayRefused, PaymentState
from portal.lib.money import Money
from tests.contracts.gateway_worlds import BACK, PRICE

pytestmark = pytest.mark.django_db


def test_the_page_of_a_key_is_one_page(gateway, wish, page):
    assert gateway.open_page(wish) == page


@pytest.mark.parametrize("currency", ["USD", "CNY", "TWD", "JPY"])
def test_the_least_it_charges_is_charged_and_less_is_refused(gateway, wish, currency):
    least = gateway.smallest_charge(currency)
    less = replace(wish, money=least - Money(1, currency))

    with pytest.raises(GatewayRefused):
        gateway.open_page(less)
    assert gateway.open_page(replace(wish, money=least)).payment_id


def test_an_open_page_waits_for_its_payer(world, page):
    result = world.look(page)

    assert (result.state, result.payment_id, result.money) == (PaymentState.PENDING, page.payment_id, PRICE)
    assert result.customer == world.subscriber.public_id
    assert result.problem == ""
    assert world.takings() == 0


def test_a_page_is_found_by_the_key_that_opened_it(world, page):
    world.forget_keys()

    assert world.look_by_key("chg_page") == world.look(page)


def test_a_key_that_never_got_there_is_not_found(world, page):
    assert world.look_by_key("chg_never") is None


def test_a_paid_page_tells_what_was_paid_by_whom_and_with_what(world, page, paid):
    assert (paid.state, paid.payment_id, paid.money) == (PaymentState.SUCCEEDED, page.payment_id, PRICE)
    assert (paid.paid_with, paid.customer, paid.problem) == ("card", world.subscriber.public_id, "")
    assert paid.transaction_id
    assert world.takings() == 1


def test_a_card_that_the_payer_keeps_is_told_with_the_payment(gateway, paid):
    assert paid.card.last_four == "4242"
    assert paid.card.brand == "Visa"
    assert paid.card == gateway.kept_card(paid.card.reference)


def test_a_card_that_is_not_kept_is_not_told(world, gateway, wish):
    page = gateway.open_page(replace(wish, keep_card=False))
    world.pay(page.payment_id)

    assert world.look(page).card is None


def test_a_decline_on_the_page_takes_nothing(world, page):
    world.pay(page.payment_id, "insufficient_funds")

    assert world.look(page).state in {PaymentState.PENDING, PaymentState.DECLINED}
    assert world.takings() == 0


def test_money_that_takes_its_time_is_pending_until_it_is_there(world, page):
    world.pay(page.payment_id, "processing")
    before = world.look(page).state
    world.let_the_bank_finish(page.payment_id)

    assert (before, world.look(page).state) == (PaymentState.PENDING, PaymentState.SUCCEEDED)


def test_an_open_page_names_no_means_and_money_on_its_way_does(world, page):
    is_open = world.look(page)
    world.pay(page.payment_id, "processing")

    assert (is_open.state, is_open.paid_with) == (PaymentState.PENDING, "")
    assert (world.look(page).state, world.look(page).paid_with) == (PaymentState.PENDING, "card")


def test_a_closed_page_takes_no_money(world, gateway, page):
    closed = gateway.close_page(page.payment_id)
    world.pay(page.payment_id)

    assert closed.state == world.look(page).state == PaymentState.ABANDONED
    assert world.takings() == 0


def test_closing_a_page_twice_closes_it_once(gateway, page):
    assert gateway.close_page(page.payment_id) == gateway.close_page(page.payment_id)


def test_a_page_that_was_paid_meanwhile_is_not_closed(gateway, page, paid):
    assert gateway.close_page(page.payment_id) == paid


def test_pages_are_on_the_origin_that_forms_may_lead_to(gateway, page):
    assert page.url.startswith(f"{gateway.page_origin}/")


@pytest.mark.parametrize("currency", ["USD", "JPY", "TWD", "KWD"])
def test_cards_are_taken_in_every_currency(gateway, currency):
    assert "card" in gateway.kinds_of_means(currency)


def test_a_page_that_keeps_a_card_takes_no_money(world, gateway):
    page = gateway.save_card_page(
        CardPageRequest(key="keep", customer=world.subscriber.public_id, return_url=BACK, locale="zh-hans")
    )
    before = gateway.look_up_card(page.payment_id)
    world.finish_card_page(page.payment_id, "paid")
    card = gateway.look_up_card(page.payment_id)

    assert before is None
    assert (card.customer, card.last_four) == (world.subscriber.public_id, "4242")
    assert world.takings() == 0


def test_a_prepared_payment_takes_no_money(world, gateway):
    charge = world.prepared(world.keep_card())

    assert gateway.look_up(payment_id=charge.payment_id, key="").state == PaymentState.PREPARED
    assert world.takings() == 0


def test_preparing_again_prepares_the_same_payment(world, gateway):
    charge = world.prepared(world.keep_card())

    assert gateway.prepare(charge) == charge.payment_id


def test_a_prepared_payment_is_found_by_its_key(world):
    charge = world.prepared(world.keep_card())
    world.forget_keys()

    found = world.look_by_key("chg_saved")

    assert (found.state, found.payment_id) == (PaymentState.PREPARED, charge.payment_id)


def test_a_kept_card_is_charged_once_however_often_it_is_asked_for(world, gateway):
    charge = world.prepared(world.keep_card())

    first, again = gateway.charge_saved(charge), gateway.charge_saved(charge)
    world.forget_keys()
    next_day = gateway.charge_saved(charge)

    assert first.state == PaymentState.SUCCEEDED
    assert (first.money, first.customer) == (Money(500, "USD"), world.subscriber.public_id)
    assert first == again == next_day
    assert world.takings() == 1


def test_a_decline_of_a_kept_card_says_why_and_stays_a_decline(world, gateway):
    charge = world.prepared(world.keep_card("insufficient_funds"))

    first, again = gateway.charge_saved(charge), gateway.charge_saved(charge)

    assert (first.state, first.decline_code) == (PaymentState.DECLINED, "insufficient_funds")
    assert again == first == gateway.look_up(payment_id=charge.payment_id, key="")
    assert world.takings() == 0


@pytest.mark.parametrize("off_session", [True, False])
def test_a_bank_that_wants_its_customer_is_told_apart_and_can_be_given_up(world, gateway, off_session):
    charge = world.prepared(world.keep_card("authentication_required"), off_session=off_session, recurring=off_session)

    asked = gateway.charge_saved(charge)
    closed = gateway.close_page(charge.payment_id)

    assert (asked.state, closed.state) == (PaymentState.NEEDS_ACTION, PaymentState.ABANDONED)
    assert world.takings() == 0


def test_a_prepared_payment_that_is_given_up_is_never_charged(world, gateway):
    charge = world.prepared(world.keep_card())

    closed = gateway.close_page(charge.payment_id)

    assert closed.state == gateway.charge_saved(charge).state == PaymentState.ABANDONED
    assert world.takings() == 0


def test_a_charged_card_cannot_be_given_up_any_more(world, gateway):
    charge = world.prepared(world.keep_card())
    charged = gateway.charge_saved(charge)

    assert gateway.close_page(charge.payment_id) == charged


def test_a_forgotten_card_is_gone_and_cannot_be_charged(world, gateway):
    card = world.keep_card()
    charge = world.prepared(card)

    gateway.forget_card(card.reference)
    gateway.forget_card(card.reference)
    result = gateway.charge_saved(charge)

    assert gateway.kept_card(card.reference) is None
    assert (result.state, result.decline_code) == (PaymentState.DECLINED, "card_gone")
    assert world.takings() == 0


def test_a_card_nobody_kept_is_not_known(gateway, wish, page):
    assert gateway.kept_card("pm_nobody") is None
