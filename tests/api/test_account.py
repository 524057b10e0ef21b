"""What a program reads of an account, and the settings that it changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent
from tests import make
from tests.api.test_door import kind

pytestmark = pytest.mark.django_db


def test_settings_are_changed_bit_by_bit(program, subscriber):
    first = program.do("patch", "/settings", {"timeZone": "taipei", "quietFrom": "23:00", "quietUntil": "06:30"})[1]
    second = program.do("patch", "/settings", {"language": "zh-hant", "quietFrom": None, "quietUntil": None})[1]

    assert (first["timeZone"], first["quietFrom"], first["quietUntil"]) == ("Asia/Taipei", "23:00", "06:30")
    assert (second["timeZone"], second["language"], second["quietFrom"]) == ("Asia/Taipei", "zh-hant", None)
    subscriber.refresh_from_db()
    assert (subscriber.language, subscriber.quiet_from, subscriber.full_name) == ("zh-hant", None, "Ada Lin")
    assert program.get("/settings")[1] == second


@pytest.mark.parametrize(
    ("wish", "status", "where"),
    [
        ({"timeZone": "Middle-earth"}, 409, "timeZone"),
        ({"language": "xx"}, 409, "language"),
        ({"currency": "XTS"}, 409, "currency"),
        ({"quietFrom": "23:00", "quietUntil": None}, 409, "quietUntil"),
        ({"notifyByEmail": False}, 409, "notifyByEmail"),
        ({"notifyBySms": True}, 409, None),
        ({"quietFrom": "25:00"}, 422, "quietFrom"),
        ({"email": "eve@example.com"}, 422, "email"),
    ],
)
def test_what_can_not_be_saved_says_where_and_changes_nothing(program, wish, status, where):
    before = program.get("/settings")[1]

    told = program.do("patch", "/settings", {"fullName": "Eve", **wish})

    assert told[0] == status
    assert where is None or told[1]["errors"][0]["location"][-1] == where
    assert program.get("/settings")[1] == before


def test_the_calendar_is_read_at_its_address_and_replaced(program, client, line):
    old = program.get("/calendar")[1]["address"].removeprefix("http://localhost:8000")
    assert client.get(old).status_code == 200

    new = program.do("post", "/calendar/replace")[1]["address"].removeprefix("http://localhost:8000")

    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)
    assert AuditEvent.objects.get(action="account.calendar_link_replaced").actor == line.owner


def test_what_happened_is_read_in_parts(program, subscriber, line, plan):
    before = AuditEvent.objects.count()
    order = make.make_order(owner=subscriber, line=line, plan=plan, state="fulfilled", paid_at=timezone.now())
    make.make_charge(order=order)
    for number in range(35):
        at = timezone.now() + timedelta(seconds=number)
        audit.record(actor=subscriber, subject=subscriber, action="account.signed_in", ip="203.0.113.9", now=at)

    first = program.get("/activity")[1]
    rest = program.get("/activity", cursor=first["nextCursor"])[1]
    [paid] = program.get("/activity", part="money")[1]["items"]

    assert len(first["items"] + rest["items"]) == before + 36
    assert first["items"][0]["ipAddress"] == "203.0.113.9"
    assert (paid["order"], paid["amount"]["value"]) == (order.public_id, "14.90")
    assert kind(program.get("/activity", cursor="2026-11-21")[1]) == "unknown-cursor"


def test_who_came_by_ones_link_is_counted_and_not_named(program, subscriber):
    before = program.get("/referrals")[1]
    code = make.make_referral_code(owner=subscriber).code
    make.make_reward()

    told = program.get("/referrals")[1]

    assert (before["link"], before["reward"]) == (None, None)
    assert told["link"].endswith(f"/r/{code}/")
    assert told["reward"]["forYou"]["value"] == "5.00"
    assert told["invited"] == []
