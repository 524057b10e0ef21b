"""What every payment gateway promises, proven of each through its own outside world."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import gateways
from billing.gateways.base import (
    BadSignature,
    CardPageRequest,
    DisputeState,
    GatewayRefused,
    PageRequest,
    PaymentState,
    RefundRequest,
    RefundState,
    SavedCharge,
    Subject,
)
from portal.lib.money import Money
from tests.contracts.gateway_worlds import BACK, WEBHOOK_SECRET, SandboxWorld, StripeWorld
from tests.fakes.stripe.account import TEST_KEY

pytestmark = pytest.mark.django_db

PRICE = Money(1490, "USD")
AN_HOUR = timedelta(hours=1)


@pytest.fixture(params=["sandbox", "stripe"])
def world(request, settings, subscriber):
    settings.PAYMENT_GATEWAY = request.param
    if request.param == "sandbox":
        settings.SANDBOX_WEBHOOK_SECRETS = ["whsec_old", WEBHOOK_SECRET]
        return SandboxWorld(gateways.chosen(), subscriber)
    fake = request.getfixturevalue("stripe_fake")
    settings.STRIPE_API_KEY = TEST_KEY
    settings.STRIPE_API_BASE = fake.url
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_old", WEBHOOK_SECRET]
    return StripeWorld(gateways.chosen(), subscriber, fake)


@pytest.fixture
def gateway(world):
    return world.gateway


@pytest.fixture
def wish(subscriber):
    """A page of US$14.90 on which a card is kept."""
    return PageRequest(
        key="chg_page",
        money=PRICE,
        description="Europe 10 GB",
        customer=subscriber.public_id,
        return_url=BACK,
        locale="en",
        expires_at=timezone.now() + AN_HOUR,
        keep_card=True,
        customer_email=subscriber.email,
    )


@pytest.fixture
def page(gateway, wish):
    return gateway.open_page(wish)


@pytest.fixture
def paid(world, gateway, page):
    """What the gateway tells of a page that was paid."""
    world.pay(page.payment_id, keep=True)
    return look(gateway, page)


def look(gateway, page):
    return gateway.look_up(payment_id=page.payment_id, key="")


def look_by_key(world, key):
    since = timezone.now() - timedelta(minutes=1)
    return world.gateway.look_up(payment_id="", key=key, customer=world.subscriber.public_id, since=since)


def saved_charge(world, card, **fields):
    fields = {"key": "chg_saved", "money": Money(500, "USD"), "description": "Renewal", "recurring": True, **fields}
    return SavedCharge(customer=world.subscriber.public_id, card_reference=card.reference, **fields)


def prepared(world, card, **fields):
    charge = saved_charge(world, card, **fields)
    return replace(charge, payment_id=world.gateway.prepare(charge))


# Hosted pages.


def test_the_page_of_a_key_is_one_page(gateway, wish, page):
    assert gateway.open_page(wish) == page


def test_an_open_page_waits_for_its_payer(world, gateway, page):
    result = look(gateway, page)

    assert (result.state, result.payment_id, result.money) == (PaymentState.PENDING, page.payment_id, PRICE)
    assert result.customer == world.subscriber.public_id
    assert result.problem == ""
    assert world.takings() == 0


def test_a_page_is_found_by_the_key_that_opened_it(world, gateway, page):
    world.forget_keys()

    assert look_by_key(world, "chg_page") == look(gateway, page)


def test_a_key_that_never_got_there_is_not_found(world, page):
    assert look_by_key(world, "chg_never") is None


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

    assert look(gateway, page).card is None


def test_a_decline_on_the_page_takes_nothing(world, gateway, page):
    world.pay(page.payment_id, "insufficient_funds")

    assert look(gateway, page).state in {PaymentState.PENDING, PaymentState.DECLINED}
    assert world.takings() == 0


def test_money_that_takes_its_time_is_pending_until_it_is_there(world, gateway, page):
    world.pay(page.payment_id, "processing")
    before = look(gateway, page).state
    world.let_the_bank_finish(page.payment_id)

    assert (before, look(gateway, page).state) == (PaymentState.PENDING, PaymentState.SUCCEEDED)


def test_a_closed_page_takes_no_money(world, gateway, page):
    closed = gateway.close_page(page.payment_id)
    world.pay(page.payment_id)

    assert closed.state == look(gateway, page).state == PaymentState.ABANDONED
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


# Kept cards.


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
    charge = prepared(world, world.keep_card())

    assert gateway.look_up(payment_id=charge.payment_id, key="").state == PaymentState.PREPARED
    assert world.takings() == 0


def test_preparing_again_prepares_the_same_payment(world, gateway):
    charge = prepared(world, world.keep_card())

    assert gateway.prepare(charge) == charge.payment_id


def test_a_prepared_payment_is_found_by_its_key(world):
    charge = prepared(world, world.keep_card())
    world.forget_keys()

    found = look_by_key(world, "chg_saved")

    assert (found.state, found.payment_id) == (PaymentState.PREPARED, charge.payment_id)


def test_a_kept_card_is_charged_once_however_often_it_is_asked_for(world, gateway):
    charge = prepared(world, world.keep_card())

    first, again = gateway.charge_saved(charge), gateway.charge_saved(charge)
    world.forget_keys()
    next_day = gateway.charge_saved(charge)

    assert first.state == PaymentState.SUCCEEDED
    assert (first.money, first.customer) == (Money(500, "USD"), world.subscriber.public_id)
    assert first == again == next_day
    assert world.takings() == 1


def test_a_decline_of_a_kept_card_says_why_and_stays_a_decline(world, gateway):
    charge = prepared(world, world.keep_card("insufficient_funds"))

    first, again = gateway.charge_saved(charge), gateway.charge_saved(charge)

    assert (first.state, first.decline_code) == (PaymentState.DECLINED, "insufficient_funds")
    assert again == first == gateway.look_up(payment_id=charge.payment_id, key="")
    assert world.takings() == 0


@pytest.mark.parametrize("off_session", [True, False])
def test_a_bank_that_wants_its_customer_is_told_apart_and_can_be_given_up(world, gateway, off_session):
    charge = prepared(world, world.keep_card("authentication_required"), off_session=off_session, recurring=off_session)

    asked = gateway.charge_saved(charge)
    closed = gateway.close_page(charge.payment_id)

    assert (asked.state, closed.state) == (PaymentState.NEEDS_ACTION, PaymentState.ABANDONED)
    assert world.takings() == 0


def test_a_prepared_payment_that_is_given_up_is_never_charged(world, gateway):
    charge = prepared(world, world.keep_card())

    closed = gateway.close_page(charge.payment_id)

    assert closed.state == gateway.charge_saved(charge).state == PaymentState.ABANDONED
    assert world.takings() == 0


def test_a_charged_card_cannot_be_given_up_any_more(world, gateway):
    charge = prepared(world, world.keep_card())
    charged = gateway.charge_saved(charge)

    assert gateway.close_page(charge.payment_id) == charged


def test_a_forgotten_card_is_gone_and_cannot_be_charged(world, gateway):
    card = world.keep_card()
    charge = prepared(world, card)

    gateway.forget_card(card.reference)
    gateway.forget_card(card.reference)
    result = gateway.charge_saved(charge)

    assert gateway.kept_card(card.reference) is None
    assert (result.state, result.decline_code) == (PaymentState.DECLINED, "card_gone")
    assert world.takings() == 0


def test_a_card_nobody_kept_is_not_known(gateway, wish, page):
    assert gateway.kept_card("pm_nobody") is None


# Refunds and disputes.


def refund(paid, amount, key="rfd_1"):
    return RefundRequest(key=key, transaction_id=paid.transaction_id, money=Money(amount, "USD"))


def test_a_refund_is_given_once_for_a_key(world, gateway, paid):
    first = gateway.refund(refund(paid, 500))
    world.forget_keys()
    next_day = gateway.refund(refund(paid, 500))

    assert (first.state, first.money, first.key) == (RefundState.SUCCEEDED, Money(500, "USD"), "rfd_1")
    assert first == next_day
    assert world.refunds_given() == 1


def test_a_refund_is_found_by_id_and_by_key(gateway, paid):
    given = gateway.refund(refund(paid, 500))
    gateway.refund(refund(paid, 90, key="rfd_2"))

    by_id = gateway.look_up_refund(refund_id=given.refund_id, key="", transaction_id="")
    by_key = gateway.look_up_refund(refund_id="", key="rfd_1", transaction_id=paid.transaction_id)

    assert given == by_id == by_key


def test_a_refund_that_never_got_there_is_not_found(gateway, paid):
    assert gateway.look_up_refund(refund_id="", key="rfd_never", transaction_id=paid.transaction_id) is None


def test_no_more_is_given_back_than_was_paid(world, gateway, paid):
    gateway.refund(refund(paid, 1000))

    with pytest.raises(GatewayRefused):
        gateway.refund(refund(paid, 491, key="rfd_2"))
    assert world.refunds_given() == 1


@pytest.mark.parametrize(("won", "state"), [(True, DisputeState.WON), (False, DisputeState.LOST)])
def test_a_dispute_tells_who_has_the_money_now(world, gateway, paid, won, state):
    dispute_id = world.dispute(paid.transaction_id)
    opened = gateway.look_up_dispute(dispute_id)
    world.decide(dispute_id, won=won)
    decided = gateway.look_up_dispute(dispute_id)

    assert (opened.state, opened.withdrawn, opened.money) == (DisputeState.OPEN, True, PRICE)
    assert opened.transaction_id == paid.transaction_id
    assert opened.respond_by > timezone.now()
    assert (decided.state, decided.withdrawn) == (state, not won)


def test_a_dispute_nobody_opened_is_not_known(gateway, page):
    assert gateway.look_up_dispute("dp_nobody") is None


# Notices, and the list of all money.


@pytest.mark.parametrize("secret", ["whsec_old", WEBHOOK_SECRET])
def test_a_notice_signed_with_either_secret_says_what_to_look_up(world, gateway, page, paid, secret):
    body, headers = world.letter(page.payment_id, secret=secret)

    notice = gateway.read_event(body=body, headers=headers, now=timezone.now())

    assert (notice.about, notice.payment_id) == (Subject.PAYMENT, page.payment_id)
    assert notice.payload["key"] == "chg_page"
    assert world.subscriber.email not in str(notice.payload)


def altered(letter, *, body=lambda body: body, signature=lambda signature: signature):
    sent_body, headers = letter
    return body(sent_body), {name: signature(value) for name, value in headers.items()}


FORGERIES = {
    "another secret": lambda write: write(secret="whsec_other"),
    "no secret": lambda write: altered(write(), signature=lambda value: value.partition(",")[0] + ",v1="),
    "too old": lambda write: write(age=301),
    "from the future": lambda write: write(age=-301),
    "changed": lambda write: altered(write(), body=lambda body: body.replace(b"chg_page", b"chg_next")),
    "written anew": lambda write: altered(write(), body=lambda body: body + b" "),
    "not UTF-8": lambda write: altered(write(), body=lambda body: body + b"\xff"),
    "unsigned": lambda write: (write()[0], {}),
    "signed with nonsense": lambda write: altered(write(), signature=lambda _: "t=now,v1=yes"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_notice_is_refused(world, gateway, page, paid, forgery):
    def write(secret=WEBHOOK_SECRET, **how):
        return world.letter(page.payment_id, secret=secret, **how)

    body, headers = FORGERIES[forgery](write)

    with pytest.raises(BadSignature):
        gateway.read_event(body=body, headers=headers, now=timezone.now())


def test_what_happened_can_be_read_without_any_webhook(world, gateway, page, paid):
    notices = [*gateway.notices_since("", now=timezone.now()).notices]

    about_us = [one for one in notices if one.payload["key"] == "chg_page"]
    assert about_us
    assert {one.about for one in about_us} == {Subject.PAYMENT}
    assert {gateway.look_up(payment_id=one.payment_id, key="") for one in about_us} == {paid}


def test_reading_on_misses_nothing(world, gateway, wish, paid):
    first = gateway.notices_since("", now=timezone.now())
    later = gateway.open_page(replace(wish, key="chg_later"))
    world.pay(later.payment_id, keep=True)

    second = gateway.notices_since(first.cursor, now=timezone.now())

    assert "chg_later" in {one.payload["key"] for one in second.notices}


def test_all_money_is_listed_with_our_keys(world, gateway, paid):
    declined = prepared(world, world.keep_card("insufficient_funds"), key="chg_declined")
    gateway.charge_saved(declined)
    given = gateway.refund(refund(paid, 500))
    now = timezone.now()

    listed = {one.id: one for one in gateway.movements(since=now - AN_HOUR, until=now + AN_HOUR)}

    assert set(listed) == {paid.transaction_id, given.refund_id}
    took, gave = listed[paid.transaction_id], listed[given.refund_id]
    assert (took.money, took.key, took.is_refund) == (PRICE, "chg_page", False)
    assert (gave.money, gave.key, gave.is_refund) == (Money(500, "USD"), "rfd_1", True)


def test_money_of_another_time_is_not_listed(gateway, paid):
    now = timezone.now()

    assert [*gateway.movements(since=now + timedelta(minutes=5), until=now + AN_HOUR)] == []
    assert [*gateway.movements(since=now - AN_HOUR, until=now - timedelta(minutes=5))] == []
