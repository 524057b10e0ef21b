"""What a program agrees to for its owner so that nothing runs out."""

import pytest

from accounts.models import AuditEvent
from billing.models import Agreement, TopUpRule
from portal.lib.money import Money
from tests import make
from tests.api.test_door import kind
from tests.api.test_reading import usd

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(db):
    return make.make_data_pack()


@pytest.fixture
def data_wish(pack, card):
    return {"plan": pack.public_id, "lowPercent": 10, "payWith": card.public_id, "maxTimes": 2}


@pytest.fixture
def money_wish(card):
    return {"amount": "20.00", "lowMark": "5.00", "payWith": card.public_id}


def consent_to(terms):
    return {"agreed": True, "price": terms["price"], "termsVersion": terms["termsVersion"], "text": terms["text"]}


def test_a_pack_is_agreed_to_word_for_word_and_turned_off_again(program, line, data_wish, card):
    address = f"/lines/{line.public_id}/low-data"
    terms = program.get(f"{address}/terms", **data_wish)[1]

    other = program.do("put", address, {**data_wish, "consent": {**consent_to(terms), "text": "Yes."}})
    status, on = program.do("put", address, {**data_wish, "consent": consent_to(terms)})

    assert (other[0], kind(other[1]), other[1]["text"]) == (409, "terms-changed", terms["text"])
    assert (status, on["rule"]["agreedText"], on["rule"]["price"]) == (200, terms["text"], usd("6.00"))
    assert (on["rule"]["lowPercent"], on["rule"]["maxAmount"], on["rule"]["payWith"]) == (
        10,
        usd("12.00"),
        card.public_id,
    )
    assert program.get(address)[1] == on
    agreed = Agreement.objects.get(about="data")
    assert (agreed.text, agreed.price, agreed.ip) == (terms["text"], Money(600, "USD"), "127.0.0.1")
    assert [program.do("delete", address) for _ in range(2)] == [(200, {"rule": None})] * 2
    events = AuditEvent.objects.filter(action__startswith="top_up_rule.").order_by("pk")
    assert [(event.action, event.actor) for event in events] == [
        ("top_up_rule.turned_on", line.owner),
        ("top_up_rule.turned_off", line.owner),
    ]


def test_money_is_agreed_to_in_the_currency_of_the_account(program, subscriber, money_wish):
    terms = program.get("/low-balance/terms", **money_wish)[1]

    status, [on] = program.do("put", "/low-balance", {**money_wish, "consent": consent_to(terms)})
    kept = make.make_balance_rule(owner=subscriber, currency="EUR")
    ids = [one["id"] for one in program.get("/low-balance")[1]]
    left = program.do("delete", f"/low-balance/{on['id']}")[1]

    assert (status, on["price"], on["lowMark"], on["maxAmount"]) == (200, usd("20.00"), usd("5.00"), usd("60.00"))
    assert ids == [on["id"], kept.public_id]
    assert [one["id"] for one in left] == [kept.public_id]


@pytest.mark.parametrize(
    ("changes", "status", "why", "where"),
    [
        ({"maxAmount": "5"}, 409, "cannot-agree", "maxAmount"),
        ({"payWith": "pmt_0000000000000000"}, 409, "cannot-agree", "payWith"),
        ({"lowPercent": 99}, 422, "malformed", "lowPercent"),
        ({"plan": "pln_0000000000000000"}, 409, "not-on-sale", None),
    ],
)
def test_what_can_not_be_agreed_to_says_where(program, line, data_wish, changes, status, why, where):
    told = program.get(f"/lines/{line.public_id}/low-data/terms", **{**data_wish, **changes})

    assert (told[0], kind(told[1])) == (status, why)
    assert where is None or told[1]["errors"][0]["location"][-1] == where


def test_above_the_limit_its_owner_agrees_on_the_page(program, line, data_wish, money_wish, settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(500, "USD")}
    asked = {f"/lines/{line.public_id}/low-data": data_wish, "/low-balance": money_wish}

    for address, wish in asked.items():
        terms = program.get(f"{address}/terms", **wish)[1]
        status, told = program.do("put", address, {**wish, "consent": consent_to(terms)})

        assert (status, kind(told)) == (403, "confirmation-required")
        assert "/agree/?" in told["page"]
    assert not TopUpRule.objects.exists()


def test_a_balance_is_not_filled_from_itself(program, money_wish):
    told = program.get("/low-balance/terms", **{**money_wish, "payWith": "balance"})

    assert (told[0], kind(told[1])) == (409, "cannot-agree")
