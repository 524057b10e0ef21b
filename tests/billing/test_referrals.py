"""Bringing others along: both are credited once, and one person never for himself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse

from accounts import referrals
from accounts.models import AccountClosing, AuditEvent, KnownDevice, Referral, ReferralCode, User
from billing import charges, ledger, referral_credits
from billing.models import LedgerEntry, Order, ReferralCredit
from billing.referral_credits import settle_referrals
from billing.referral_traits import remember_card
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, delivered

WINDOW = timedelta(days=14)
LATER = NOW + WINDOW


@pytest.fixture(autouse=True)
def reward(db):
    return make.make_reward()


@pytest.fixture
def referrer(subscriber):
    """Ada, who has a link."""
    make.make_referral_code(owner=subscriber, code="comewithme")
    return subscriber


@pytest.fixture
def newcomer_of(referrer):
    """Register somebody with a code."""

    def join(email="bo@example.com", *, code="comewithme", device="", **fields):
        newcomer = make.make_user(email=email, **fields)
        referrals.join(newcomer=newcomer, code=code, device=device, now=NOW)
        return newcomer

    return join


@pytest.fixture
def purchase(plan, gateway, carrier):
    """Have somebody buy their first plan with a card of this fingerprint."""

    def purchase_by(user, *, fingerprint=""):
        line = make.make_line(owner=user)
        make.make_profile(line=line)
        order = buy(line, plan)
        if fingerprint:
            charge = order.charges.get()
            charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
            charge.refresh_from_db()
            gateway.bank_says(charge.gateway_payment_id, "paid")
            result = replace(gateway.payments[charge.gateway_payment_id], fingerprint=fingerprint)
            charges.settle(charge_id=charge.pk, result=result, now=NOW)
            return order
        return delivered(line, plan, gateway=gateway, carrier=carrier)

    return purchase_by


def settle(now=LATER):
    return settle_referrals(within=WINDOW, now=now)


def balance(user):
    return ledger.wallet_balance(user, "USD")


@pytest.mark.usefixtures("books_are_right")
def test_both_are_credited_once_when_the_purchase_stands(referrer, newcomer_of, purchase):
    newcomer = newcomer_of()
    purchase(newcomer)

    assert settle(LATER - timedelta(seconds=1)) == 0
    assert settle() == 1
    assert settle() == 0

    assert (balance(referrer), balance(newcomer)) == (Money(500, "USD"), Money(300, "USD"))
    assert LedgerEntry.objects.filter(kind="rewarded").count() == 2
    assert referrer.notifications.filter(kind="referral_rewarded").count() == 1
    assert newcomer.notifications.filter(kind="referral_rewarded").count() == 1


def close(user):
    AccountClosing.objects.create(user=user, state="closed", asked_at=NOW, closes_at=NOW, look_at=NOW, ended_at=NOW)


@pytest.mark.usefixtures("books_are_right")
@pytest.mark.parametrize(("who", "got"), [("referrer", (0, 300)), ("newcomer", (500, 0))])
def test_a_closed_account_is_credited_nothing_and_the_other_one_is(referrer, newcomer_of, purchase, who, got):
    newcomer = newcomer_of()
    purchase(newcomer)
    close({"referrer": referrer, "newcomer": newcomer}[who])

    assert settle() == 1

    assert (balance(referrer).minor, balance(newcomer).minor) == got
    assert referral_credits.take_back(ReferralCredit.objects.get(), now=LATER)
    assert (balance(referrer).minor, balance(newcomer).minor) == (0, 0)


@pytest.mark.usefixtures("books_are_right")
def test_where_both_accounts_are_closed_there_is_no_reward(referrer, newcomer_of, purchase):
    newcomer = newcomer_of()
    purchase(newcomer)
    close(referrer)
    close(newcomer)

    settle()

    assert ReferralCredit.objects.get().reason == "account_closed"
    assert not LedgerEntry.objects.filter(kind="rewarded").exists()


def test_those_that_only_wait_are_not_in_the_way_of_the_others(referrer, newcomer_of, purchase, monkeypatch):
    monkeypatch.setattr(referral_credits, "BATCH", 1)
    waiting, ripe = newcomer_of("cy@example.com"), newcomer_of("dee@example.com")
    for newcomer in (waiting, ripe):
        purchase(newcomer)
    Order.objects.filter(owner=waiting, state="fulfilled").update(state="paid", confirmed_at=None)

    assert settle() == 1
    assert ReferralCredit.objects.get().referral.newcomer == ripe


def test_a_second_payment_that_goes_back_leaves_the_purchase_standing(newcomer_of, purchase):
    order = purchase(newcomer_of())
    make.make_refund(charge=order.charges.get(), taken_from="wallet", reason="duplicate", state="created")

    assert settle() == 1


def test_without_an_offer_nobody_gets_anything(newcomer_of, purchase, reward):
    type(reward).objects.update(is_on=False)
    purchase(newcomer_of())

    settle()

    assert ReferralCredit.objects.get().reason == "not_offered"


def test_money_added_to_the_balance_is_no_purchase(newcomer_of):
    newcomer = newcomer_of()
    make.make_order(owner=newcomer, kind=Order.Kind.CREDIT, state="fulfilled", paid_at=NOW, confirmed_at=NOW)

    assert settle() == 0
    assert not ReferralCredit.objects.exists()


def plus_address(world):
    return world.newcomer_of("ada+friend@example.com")


def dots(world):
    User.objects.filter(pk=world.referrer.pk).update(email="ada.lin@gmail.com")
    return world.newcomer_of("a.d.a.l.i.n+me@googlemail.com")


def same_card(world):
    remember_card(owner_id=world.referrer.pk, fingerprint="sandbox:fp_1", now=NOW)
    newcomer = world.newcomer_of("card@example.com")
    remember_card(owner_id=newcomer.pk, fingerprint="sandbox:fp_1", now=NOW)
    return newcomer


def same_device(world):
    referrals.remember_device(user=world.referrer, device="tablet", now=NOW)
    return world.newcomer_of("tablet@example.com", device="tablet")


def a_chain_back_to_oneself(world):
    middle = world.newcomer_of("middle@example.com", device="phone")
    make.make_referral_code(owner=middle, code="secondcode")
    return world.newcomer_of("ada+again@example.com", code="secondcode", device="laptop")


def refund_after_the_credit(world):
    return world.newcomer_of("refund@example.com")


ABUSES = {
    plus_address: "same_mailbox",
    dots: "same_mailbox",
    same_card: "same_card",
    same_device: "same_device",
    a_chain_back_to_oneself: "same_mailbox",
    refund_after_the_credit: "given_back",
}


def test_none_of_six_ways_to_pay_oneself_pays(referrer, newcomer_of, purchase, subtests):
    class World:
        pass

    world = World()
    world.referrer, world.newcomer_of = referrer, newcomer_of
    for abuse, reason in ABUSES.items():
        with subtests.test(abuse.__name__):
            newcomer = abuse(world)
            order = purchase(newcomer)
            if abuse is refund_after_the_credit:
                Order.objects.filter(pk=order.pk).update(state="refunded")
            settle()
            credit = ReferralCredit.objects.get(referral__newcomer=newcomer)
            assert (credit.state, credit.reason) == ("refused", reason)
    assert not LedgerEntry.objects.filter(kind="rewarded").exists()
    assert balance(referrer) == Money.zero("USD")


def test_a_stranger_with_traits_of_nobody_is_credited(newcomer_of, purchase, referrer):
    """The control of the six: the traits refuse, nothing else does."""
    remember_card(owner_id=referrer.pk, fingerprint="sandbox:fp_1", now=NOW)
    referrals.remember_device(user=referrer, device="tablet", now=NOW)
    newcomer = newcomer_of("ada.other@example.com", device="phone")
    remember_card(owner_id=newcomer.pk, fingerprint="sandbox:fp_2", now=NOW)
    purchase(newcomer)

    assert settle() == 1


@pytest.mark.usefixtures("books_are_right")
def test_a_credit_is_taken_back_as_far_as_it_is_not_spent(referrer, newcomer_of, purchase):
    newcomer = newcomer_of()
    order = purchase(newcomer)
    settle()
    spent = {"debit": ledger.wallet(newcomer.pk, "USD"), "credit": ledger.gateway("sandbox", "USD")}
    ledger.move(kind=ledger.Kind.OPENING, **spent, money=Money(250, "USD"), key="spent", now=NOW)
    dispute = make.make_dispute(charge=order.charges.get(), state="lost", closed_at=NOW)

    settle()
    settle()

    assert (balance(referrer), balance(newcomer)) == (Money.zero("USD"), Money.zero("USD"))
    assert ReferralCredit.objects.get().state == "reversed"
    dispute.delete()


def test_a_card_is_remembered_by_what_the_gateway_says_and_never_in_clear(newcomer_of, purchase, referrer):
    newcomer = newcomer_of()
    remember_card(owner_id=referrer.pk, fingerprint="sandbox:fp_9", now=NOW)
    order = purchase(newcomer, fingerprint="fp_9")
    Order.objects.filter(pk=order.pk).update(state="fulfilled", confirmed_at=NOW)

    settle()

    assert ReferralCredit.objects.get().reason == "same_card"


def test_the_link_is_made_by_a_button_and_remembers_the_device(as_subscriber, subscriber):
    assert b"Get my link" in as_subscriber.get("/refer/").content
    assert not ReferralCode.objects.exists()

    as_subscriber.post("/refer/")
    as_subscriber.post("/refer/")

    code = ReferralCode.objects.get().code
    assert f"/r/{code}/" in as_subscriber.get("/refer/").content.decode()
    assert KnownDevice.objects.get().owner == subscriber
    assert AuditEvent.objects.filter(action="referral.link_made").count() == 1


def test_who_registers_by_a_link_was_invited(client, referrer):
    page = client.get("/r/comewithme/")
    assert "US$3.00" in page.content.decode()
    assert "device" not in client.cookies

    assert client.post("/r/comewithme/").url == reverse("account_signup")
    words = "nine blue herons waiting"
    form = {"email": "bo@example.com", "password1": words, "password2": words, "phone": ""}
    client.post(reverse("account_signup"), form)

    referral = Referral.objects.get()
    assert (referral.referrer, referral.newcomer.email) == (referrer, "bo@example.com")
    assert referral.device == KnownDevice.objects.get(owner=referral.newcomer).device != ""


def test_a_code_of_nobody_and_a_forged_mark_lead_nowhere(client, as_subscriber, referrer):
    assert client.get("/r/nobodyscode/").status_code == 404
    as_subscriber.cookies["device"] = signing.Signer(sep=".", salt="other").sign("x")
    as_subscriber.post("/refer/")
    assert KnownDevice.objects.count() == 1
    assert b"You have an account already" in as_subscriber.get("/r/comewithme/").content


def test_the_page_shows_who_came_without_saying_who(as_subscriber, referrer, newcomer_of, purchase):
    purchase(newcomer_of())
    settle()
    newcomer_of("cy@example.com")

    page = as_subscriber.get("/refer/").content.decode()

    assert "Rewarded" in page
    assert "Waits for a first purchase" in page
    assert "bo@example.com" not in page
