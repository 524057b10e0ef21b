"""What a program reads of its owner."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from esim.models import DailyUsage, UsageRecord
from portal.lib.data_size import GB, MB
from portal.lib.money import Money
from portal.lib.public_ids import is_public_id
from tests import make
from tests.billing.books import fund

pytestmark = pytest.mark.django_db


def usd(value):
    return {"unit": "USD", "value": value}


def test_a_line_and_what_is_left_on_it(program, line, plan):
    status, lines = program.get("/lines")
    allowances = program.get(f"/lines/{line.public_id}/allowances")[1]

    assert status == 200
    assert [one["name"] for one in lines["items"]] == ["Phone"]
    assert program.get(lines["items"][0]["href"].removeprefix("http://localhost:8000/api/v1"))[1] == lines["items"][0]
    assert allowances[0]["productOffering"]["id"] == plan.public_id
    assert allowances[0]["bucket"] == [
        {
            "usageType": "data",
            "initialValue": {"amount": 10 * GB, "units": "byte"},
            "usedValue": {"amount": 4 * GB, "units": "byte"},
            "remainingValue": {"amount": 6 * GB, "units": "byte"},
        }
    ]


def test_usage_by_day_and_by_record(program, line):
    now = timezone.now()
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=3 * MB)
    for number in range(5):
        # Two of one moment: the cursor tells them apart.
        at = now - timedelta(hours=number // 2)
        UsageRecord.objects.create(line=line, source="core", record_id=f"r{number}", at=at, data_bytes=MB)

    days = program.get(f"/lines/{line.public_id}/usage")[1]
    first = program.get(f"/lines/{line.public_id}/usage/records", limit=3)[1]
    rest = program.get(f"/lines/{line.public_id}/usage/records", limit=3, cursor=first["nextCursor"])[1]

    assert days[0]["usageCharacteristic"][0] == {"name": "dataBytes", "valueType": "integer", "value": 3 * MB}
    ids = [one["id"] for one in [*first["items"], *rest["items"]]]
    assert ids == ["core:r1", "core:r0", "core:r3", "core:r2", "core:r4"]
    assert rest["nextCursor"] is None


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-21T12:00:00"])
def test_a_cursor_made_up_is_none_of_ours(program, line, moment):
    cursor = base64.urlsafe_b64encode(json.dumps([moment, 1]).encode()).decode().rstrip("=")

    assert program.get(f"/lines/{line.public_id}/usage/records", cursor=cursor)[0] == 404


def test_a_list_goes_on_where_it_was_left_though_rows_are_added(program, subscriber):
    lines = [make.make_line(owner=subscriber) for _ in range(3)]

    first = program.get("/lines", limit=2)[1]
    make.make_line(owner=subscriber)
    rest = program.get("/lines", limit=2, cursor=first["nextCursor"])[1]

    assert [one["id"] for one in first["items"] + rest["items"]] == [line.public_id for line in reversed(lines)]


def test_what_is_sold_and_for_how_much(program, plan):
    make.make_data_pack()

    every, packs = program.get("/plans")[1], program.get("/plans", kind="data_pack")[1]

    assert [len(every), len(packs)] == [2, 1]
    [price] = program.get(f"/plans/{plan.public_id}")[1]["productOfferingPrice"]
    assert price == {"priceType": "oneTime", "price": usd("14.90"), "listPrice": usd("14.90"), "promotion": None}
    assert program.get("/plans", country="JP")[1] == []
    assert (
        program.ask("get", f"/plans/{plan.public_id}", **{"Accept-Language": "zh-hans"})["Content-Language"]
        == "zh-hans"
    )


def test_an_offer_that_runs_is_in_the_price(program, plan):
    make.make_promotion()

    [price] = program.get(f"/plans/{plan.public_id}")[1]["productOfferingPrice"]

    assert price["price"] == program.get(f"/plans/{plan.public_id}/quote")[1]["price"] == usd("11.92")
    assert (price["listPrice"], price["promotion"]) == (usd("14.90"), "Spring sale")


def test_balance_and_cards(program, subscriber, card):
    fund(subscriber, Money(1200, "USD"))

    assert program.get("/balance")[1]["bucket"] == [
        {"usageType": "monetary", "remainingValue": {"unit": "USD", "value": "12.00"}}
    ]
    [shown] = program.get("/payment-methods")[1]
    assert (shown["id"], shown["lastFour"], shown["isUsable"]) == (card.public_id, "4242", True)
    assert is_public_id(shown["id"])
    assert card.reference not in str(shown)
