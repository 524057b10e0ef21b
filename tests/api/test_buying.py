"""What a program buys: as on the pages, once, and never more than they allow."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import api_calls
from accounts.models import ApiCall
from billing.models import Charge, Order
from portal.lib.money import Money
from tests import make
from tests.api.test_door import kind
from tests.billing.books import fund

pytestmark = pytest.mark.django_db


def test_a_renewal_is_charged_to_the_card_and_delivered(program, wish, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        status, ordered = program.buy(wish, key="k1")

    assert (status, ordered["state"]) == (201, "pending")
    done = program.get(f"/orders/{ordered['id']}")[1]
    assert (done["state"], done["payment"]["state"], done["payment"]["paidWith"]) == (
        "fulfilled",
        "succeeded",
        "Visa 4242",
    )
    assert done["validFor"]["endDateTime"] is not None
    assert Order.objects.get().trigger == Order.Trigger.CLICK


def test_the_balance_pays_at_once(program, wish, subscriber):
    fund(subscriber, Money(2000, "USD"))

    ordered = program.buy({**wish, "payWith": "balance"}, key="k1")[1]

    assert (ordered["state"], ordered["paidFromBalance"]["value"]) == ("paid", "14.90")
    assert not Charge.objects.exists()


def test_what_is_to_be_paid_on_a_page_says_where(program, wish, as_subscriber):
    ordered = program.buy({**wish, "payWith": "page"}, key="k1")[1]

    assert ordered["state"] == "pending"
    assert as_subscriber.get(ordered["page"].removeprefix("http://localhost:8000")).status_code == 200


def test_more_data_and_a_new_line(program, wish, plan):
    pack = make.make_data_pack()
    more = {**wish, "kind": "top_up", "plan": pack.public_id, "price": {"unit": "USD", "value": "6"}}
    new = {**wish, "kind": "new_line", "line": None, "nickname": "Trip"}

    assert [program.buy(more, key="more")[0], program.buy(new, key="new")[0]] == [201, 201]
    assert [order["kind"] for order in program.get("/orders")[1]["items"]] == ["new_line", "top_up"]


REFUSED = [
    ({"price": {"unit": "USD", "value": "9.90"}}, 409, "price-changed"),
    ({"price": {"unit": "JPY", "value": "14.90"}}, 409, "not-on-sale"),
    ({"plan": "pln_0000000000000000"}, 409, "not-on-sale"),
    ({"line": "lin_0000000000000000"}, 404, "not-found"),
    ({"line": None}, 404, "not-found"),
    ({"payWith": "balance"}, 409, "balance-too-low"),
    ({"payWith": "pmt_0000000000000000"}, 409, "cannot-pay-with"),
    ({"nickname": "a\x00b"}, 409, "cannot-pay-with"),
    ({"coupon": "\x00"}, 409, "coupon-refused"),
    ({"coupon": "–"}, 409, "coupon-refused"),
    ({"line": "lin_\x00"}, 404, "not-found"),
    ({"payWith": None}, 422, "malformed"),
    ({"surprise": 1}, 422, "malformed"),
]


def test_what_can_not_be_bought_says_why(program, wish):
    for number, (changes, status, why) in enumerate(REFUSED):
        told = program.buy({**wish, **changes}, key=f"k{number}")

        assert (told[0], kind(told[1])) == (status, why)
    assert not Order.objects.exists()


def test_above_the_limit_its_owner_confirms_on_the_page(program, wish, settings, as_subscriber):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}

    status, told = program.buy(wish, key="k1")

    assert (status, kind(told)) == (403, "confirmation-required")
    assert b"14.90" in as_subscriber.get(told["page"].removeprefix("http://localhost:8000")).content
    assert not Order.objects.exists()
    assert program.buy({**wish, "payWith": "page"}, key="k2")[0] == 201


def test_a_token_that_leaked_pays_in_small_parts_no_more_than_thrice_the_limit(program, wish, settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1490, "USD")}

    statuses = [program.buy(wish, key=f"k{number}")[0] for number in range(4)]

    assert statuses == [201, 201, 201, 403]
    assert Order.objects.count() == 3


def test_the_same_key_is_the_same_answer(program, wish):
    first = program.ask("post", "/orders", wish, **{"Idempotency-Key": "k1"})
    again = program.ask("post", "/orders", wish, **{"Idempotency-Key": "k1"})
    other = program.buy({**wish, "payWith": "page"}, key="k1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert first["Location"].endswith(first.json()["id"])
    assert (other[0], kind(other[1])) == (422, "key-reused")
    assert Order.objects.count() == Charge.objects.count() == 1
    assert program.ask("post", "/orders", wish).status_code == 422


def test_a_refusal_is_told_again_too(program, wish, subscriber):
    refusals = [program.buy({**wish, "payWith": "balance"}, key="k1")]
    fund(subscriber, Money(2000, "USD"))
    refusals.append(program.buy({**wish, "payWith": "balance"}, key="k1"))

    assert refusals[0] == refusals[1]
    assert program.buy({**wish, "payWith": "balance"}, key="k2")[0] == 201


def test_money_does_not_hang_on_the_answer_being_kept(program, wish):
    first = program.buy(wish, key="k1")[1]
    now = timezone.now()
    assert api_calls.delete_old(now=now + timedelta(hours=23)) == 0
    assert api_calls.delete_old(now=now + timedelta(hours=25)) == 1

    again = program.buy(wish, key="k1")
    other = program.buy({**wish, "kind": "new_line", "line": None}, key="k1")

    assert (again[0], again[1]["id"]) == (201, first["id"])
    assert (other[0], kind(other[1])) == (422, "key-reused")
    assert Order.objects.count() == 1


def test_who_comes_while_the_same_is_worked_on_waits(program, wish, subscriber):
    program.buy(wish, key="k1")
    ApiCall.objects.update(status=None, body=None, lease_until=timezone.now() + timedelta(minutes=1))

    meanwhile = program.ask("post", "/orders", wish, **{"Idempotency-Key": "k1"})
    ApiCall.objects.update(lease_until=timezone.now())
    later = program.buy(wish, key="k1")

    assert (meanwhile.status_code, meanwhile["Retry-After"], kind(meanwhile.json())) == (409, "1", "under-way")
    assert later[0] == 201
    assert Order.objects.count() == 1


def test_auto_renewal_is_agreed_to_word_for_word(program, line, plan, card):
    asked = {"plan": plan.public_id, "payWith": card.public_id}
    address = f"/lines/{line.public_id}/auto-renewal"
    terms = program.get(f"{address}/terms", **asked)[1]
    consent = {"agreed": True, "price": terms["price"], "termsVersion": terms["termsVersion"], "text": terms["text"]}

    cheaper = {**asked, "consent": {**consent, "price": {"unit": "USD", "value": "1.00"}}}
    refusal = program.ask("put", address, cheaper)
    on = program.ask("put", address, {**asked, "consent": consent})

    assert (refusal.status_code, kind(refusal.json())) == (409, "terms-changed")
    assert (on.status_code, on.json()["mode"], on.json()["agreedText"]) == (200, "automatic", terms["text"])
    assert program.get(address)[1] == on.json()
    assert [program.ask("delete", address).json()["mode"] for _ in range(2)] == ["off", "off"]


def test_agreeing_to_more_than_the_limit_takes_the_page(program, line, plan, card, settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}
    asked = {"plan": plan.public_id, "payWith": card.public_id}
    address = f"/lines/{line.public_id}/auto-renewal"
    terms = program.get(f"{address}/terms", **asked)[1]
    consent = {"agreed": True, "price": terms["price"], "termsVersion": terms["termsVersion"], "text": terms["text"]}

    told = program.ask("put", address, {**asked, "consent": consent}).json()

    assert kind(told) == "confirmation-required"
    assert f"/lines/{line.public_id}/auto-renewal/agree/?plan={plan.public_id}" in told["page"]
    assert program.get(address)[1]["mode"] == "off"
