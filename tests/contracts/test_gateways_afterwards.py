"""What every payment gateway promises about money that was taken: giving it back, and telling what became of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.gateways.base import BadSignature, DisputeState, GatewayRefused, RefundRequest, RefundState, Subject
from portal.lib.money import Money
from tests.contracts.gateway_worlds import PRICE, WEBHOOK_SECRET

pytestmark = pytest.mark.django_db

AN_HOUR = timedelta(hours=1)


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
    declined = world.prepared(world.keep_card("insufficient_funds"), key="chg_declined")
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
