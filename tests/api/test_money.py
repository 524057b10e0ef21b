"""What a program pays besides plans: money for the balance, another card for an order, what a bank took back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiCall
from billing.models import Charge, Order, PayLink
from billing.pay_links import link_of
from plans.terms import PlanTerms
from portal.lib.money import Money
from tests import make
from tests.api.test_door import kind
from tests.api.test_reading import usd
from tests.billing.books import fund

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(subscriber, line, plan):
    """An order of Ada's that waits for its payment."""
    lasting = {"plan_terms": PlanTerms.of(plan).to_json(), "expires_at": timezone.now() + timedelta(hours=1)}
    return make.make_order(owner=subscriber, line=line, plan=plan, **lasting)


def test_money_is_added_with_a_card_once(program, card, django_capture_on_commit_callbacks):
    wish = {"amount": usd("20.00"), "payWith": card.public_id}

    with django_capture_on_commit_callbacks(execute=True):
        [first, again] = [program.do("post", "/balance/money", wish, key="k1") for _ in range(2)]
    ApiCall.objects.all().delete()
    later = program.do("post", "/balance/money", wish, key="k1")
    other = program.do("post", "/balance/money", {**wish, "amount": usd("50.00")}, key="k1")

    assert (first[0], first[1]["kind"], again) == (201, "credit", first)
    assert (later[1]["id"], later[1]["state"]) == (first[1]["id"], "fulfilled")
    assert (other[0], kind(other[1])) == (422, "key-reused")
    assert program.get("/balance")[1]["bucket"][0]["remainingValue"] == usd("20.00")
    [movement] = program.get("/balance/movements")[1]["items"]
    assert (movement["amount"], movement["order"]["id"]) == (usd("20.00"), first[1]["id"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": usd("1.00")}, "amount-refused"),
        ({"amount": usd("20.001")}, "amount-refused"),
        ({"amount": {"unit": "XTS", "value": "20"}}, "amount-refused"),
        ({"payWith": "balance"}, "cannot-pay-with"),
        ({"payWith": "link"}, "cannot-pay-with"),
        ({"payWith": "pmt_0000000000000000"}, "cannot-pay-with"),
    ],
)
def test_what_can_not_be_added_says_why(program, card, changes, why):
    wish = {"amount": usd("20.00"), "payWith": card.public_id, **changes}

    status, told = program.do("post", "/balance/money", wish, key="k1")

    assert (status, kind(told)) == (409, why)
    assert not Order.objects.exists()


def test_much_money_is_added_on_the_page(program, card, settings, as_subscriber):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}
    wish = {"amount": usd("20.00"), "payWith": card.public_id}

    status, told = program.do("post", "/balance/money", wish, key="k1")

    assert (status, kind(told)) == (403, "confirmation-required")
    assert b"US$20.00" in as_subscriber.get(told["page"].removeprefix("http://localhost:8000")).content


def test_an_order_that_waits_is_paid_with_a_card(program, waiting, card, django_capture_on_commit_callbacks):
    make.make_charge(order=waiting, state="declined", decline_code="insufficient_funds", method=card)
    path = f"/orders/{waiting.public_id}/pay"

    with django_capture_on_commit_callbacks(execute=True):
        status, order = program.do("post", path, {"payWith": card.public_id}, key="k1")
        again = program.do("post", path, {"payWith": card.public_id}, key="k1")
    paid = program.do("post", path, {"payWith": card.public_id}, key="k2")

    assert (status, order["state"], again[1]) == (200, "pending", order)
    assert (paid[0], kind(paid[1])) == (409, "not-payable")
    assert program.get(f"/orders/{waiting.public_id}")[1]["payment"]["state"] == "succeeded"
    states = [(one["status"], one["problem"] is None) for one in program.get("/charges")[1]["items"]]
    assert states == [("succeeded", True), ("declined", False)]


def test_much_is_paid_on_the_page_and_only_with_a_card_of_ones_own(program, waiting, card, stranger, settings):
    foreign = make.make_paying_card(owner=stranger)
    path = f"/orders/{waiting.public_id}/pay"

    refused = program.do("post", path, {"payWith": foreign.public_id}, key="k1")
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}
    much = program.do("post", path, {"payWith": card.public_id}, key="k2")

    assert (refused[0], kind(refused[1])) == (409, "cannot-pay-with")
    assert (much[0], kind(much[1])) == (403, "confirmation-required")
    assert not Charge.objects.exists()


def test_somebody_else_pays_by_a_link_that_is_told_once(program, wish, client):
    order = program.buy({**wish, "payWith": "link"}, key="k1")[1]
    path = f"/orders/{order['id']}/pay-link"

    status, made = program.do("post", path, {"shownAs": "Phone"})
    read = program.get(path)[1]
    token = made["address"].rstrip("/").rpartition("/")[2]

    assert order["state"] == "pending"
    assert Order.objects.get().expires_at - timezone.now() > timedelta(hours=23)
    assert (status, made["canShare"], link_of(token).shown_as) == (200, True, "Phone")
    assert (read["address"], read["madeAt"]) == (None, made["madeAt"])
    assert b"14.90" in client.get(f"/pay/{token}/").content
    assert token not in str(ApiCall.objects.values())
    assert program.do("delete", path)[1]["madeAt"] is None
    assert not PayLink.objects.standing().exists()


def test_a_link_shows_only_what_its_owner_is_called(program, waiting, line):
    refused = program.do("post", f"/orders/{waiting.public_id}/pay-link", {"shownAs": "The bank"})

    assert (refused[0], kind(refused[1])) == (409, "cannot-share")


def test_what_a_bank_took_back_is_settled_once(program, subscriber, line, plan):
    fund(subscriber, Money(2000, "USD"))
    bought = make.make_order(owner=subscriber, line=line, plan=plan, state="fulfilled", paid_at=timezone.now())
    make.make_dispute(charge=make.make_charge(order=bought), state="lost", is_withdrawn=True, closed_at=timezone.now())
    [owed] = program.get("/arrears")[1]
    path, wish = f"/arrears/{owed['id']}/settle", {"price": owed["amount"], "payWith": "balance"}

    cheaper = program.do("post", path, {**wish, "price": usd("1.00")}, key="k0")
    [first, again] = [program.do("post", path, wish, key="k1") for _ in range(2)]
    later = program.do("post", path, wish, key="k2")

    assert (cheaper[0], kind(cheaper[1]), cheaper[1]["price"]) == (409, "price-changed", usd("14.90"))
    assert (first[0], first[1]["kind"], again) == (201, "arrears", first)
    assert (later[0], kind(later[1])) == (409, "nothing-owed")
    assert program.get("/arrears")[1] == []


def test_what_was_given_back_is_listed(program, subscriber, line, plan, stranger):
    for owner in (subscriber, stranger):
        order = make.make_order(owner=owner, line=line, plan=plan, state="refunded", paid_at=timezone.now())
        done = {"state": "succeeded", "gateway_refund_id": f"re_{order.pk}", "settled_at": timezone.now()}
        make.make_refund(charge=make.make_charge(order=order), **done)

    [refund] = program.get("/refunds")[1]["items"]

    assert (refund["state"], refund["amount"]) == ("succeeded", usd("14.90"))
    assert refund["text"]
