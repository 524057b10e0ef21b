"""Who may come in with which token, how often, and what every answer carries."""

from datetime import timedelta
from typing import get_args

import pytest
from django.utils import timezone

from accounts import api_tokens, locks
from billing.models import Order
from portal.api import door
from portal.api.orders import State
from tests.api.conftest import Program, make_token

pytestmark = pytest.mark.django_db


def kind(body):
    return body["type"].rpartition(":")[2]


def described(client):
    """Return (method, path, scope) of each operation of ours."""
    schema = client.get("/api/v1/openapi.json").json()
    return [
        (method, path.removeprefix("/api/v1"), "".join(operation["security"][0]["token"]))
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if path != "/api/v1/usage/"
    ]


def test_without_a_token_every_operation_answers_401(client, as_subscriber):
    operations = described(client)

    answers = [Program(as_subscriber, "").ask(method, path, {}) for method, path, _scope in operations]

    assert len(operations) > 15
    assert {answer.status_code for answer in answers} == {401}
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert all("Bearer" in answer["WWW-Authenticate"] for answer in answers)


@pytest.mark.slow
def test_a_token_opens_what_its_scopes_say_and_nothing_else(client, subscriber, monkeypatch):
    monkeypatch.setattr(door, "WRITES_A_WINDOW", 1000)
    tokens = {scope: make_token(subscriber, scope)[1] for scope in api_tokens.PERSONAL_SCOPES}

    for method, path, scope in described(client):
        for other, secret in tokens.items():
            answer = Program(client, secret).ask(method, path, {})
            is_shut = answer.status_code == 403 and kind(answer.json()) == "scope-missing"
            assert is_shut == (scope not in {"", other}), (method, path, other)


@pytest.mark.parametrize("ended", ["revoked", "expired", "locked", "deactivated", "not personal"])
def test_a_token_ends_with_what_it_rests_on(client, subscriber, ended):
    now = timezone.now()
    past = now - timedelta(days=1) if ended == "expired" else None
    token, secret = make_token(None if ended == "not personal" else subscriber, expires_at=past)
    if ended == "revoked":
        api_tokens.revoke(token, actor=subscriber, ip=None, now=now)
    elif ended == "locked":
        locks.lock(user=subscriber, ip=None, now=now)
    elif ended == "deactivated":
        type(subscriber).objects.update(is_active=False)

    status, body = Program(client, secret).get("/lines")

    told = {"locked": (403, "account-locked"), "not personal": (403, "not-personal")}
    assert (status, kind(body)) == told.get(ended, (401, "token-refused"))


@pytest.mark.parametrize("shut", ["scope", "locked"])
def test_who_is_refused_each_time_is_counted_too(client, subscriber, monkeypatch, shut):
    monkeypatch.setattr(door, "READS_A_WINDOW", 2)
    _token, secret = make_token(subscriber, "usage:read" if shut == "scope" else "lines:read")
    if shut == "locked":
        locks.lock(user=subscriber, ip=None, now=timezone.now())

    answers = [Program(client, secret).get("/lines")[0] for _ in range(3)]

    assert answers == [403, 403, 429]


def test_limits_are_told_and_kept(program, subscriber, monkeypatch):
    monkeypatch.setattr(door, "READS_A_WINDOW", 2)

    first, second, third = (program.ask("get", "/lines") for _ in range(3))

    assert [answer["RateLimit-Remaining"] for answer in (first, second)] == ["1", "0"]
    assert (third.status_code, kind(third.json())) == (429, "too-many-requests")
    assert 0 < int(third["Retry-After"]) <= 60
    assert program.ask("delete", "/lines/x/auto-renewal").status_code == 404


def test_answers_are_kept_by_nobody_but_what_is_sold(program, plan):
    assert program.ask("get", "/lines")["Cache-Control"] == "private, no-store"
    sold = program.ask("get", "/plans")
    again = program.ask("get", "/plans", **{"If-None-Match": sold["ETag"]})

    head = program.ask("head", "/lines")
    assert (head.status_code, head.content) == (200, b"")
    assert "max-age" in sold["Cache-Control"]
    assert (again.status_code, again.content) == (304, b"")


def test_refusals_are_problems(program, line):
    for answer, status in (
        (program.ask("get", "/nothing"), 404),
        (program.ask("post", "/lines", {}), 405),
        (program.ask("get", "/lines?page=2"), 422),
        (program.ask("get", "/lines?cursor=eyJ"), 404),
        (program.ask("get", f"/lines/{line.public_id}/usage?since=20261121"), 422),
    ):
        body = answer.json()
        assert (answer.status_code, body["status"]) == (status, status)
        assert answer["Content-Type"] == "application/problem+json"
        assert body.keys() >= {"type", "title", "detail"}


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/api/v1/docs")

    assert page.status_code == 200
    assert b"https://" not in page.content
    assert "'unsafe" not in page["Content-Security-Policy"]
    assert client.get("/api/v1/", follow=True).redirect_chain == [("/api/v1/docs", 302)]


def test_the_door_for_usage_records_stays(client):
    _token, secret = api_tokens.make(
        name="core", scopes=["usage:write"], source="core", actor=None, ip=None, now=timezone.now()
    )

    answer = client.post(
        "/api/v1/usage/", {"records": []}, "application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 200
    assert "/api/v1/usage/" in client.get("/api/v1/openapi.json").json()["paths"]


def test_a_subscribers_token_sends_no_usage(client, subscriber):
    _token, secret = make_token(subscriber)
    locks.lock(user=subscriber, ip=None, now=timezone.now())

    answer = client.post("/api/v1/usage/", {}, "application/json", headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 403


def test_every_state_of_an_order_is_described():
    assert set(get_args(State)) == set(Order.State.values)
