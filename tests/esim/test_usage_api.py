"""POST /api/v1/usage/: who may send, in which forms, and that nothing sent there breaks anything."""

import gzip
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import api_tokens
from accounts.models import ApiToken, AuditEvent
from esim import usage_api
from esim.models import QuarantinedUsage, UsageRecord
from portal.lib.data_size import MB
from tests import make

URL = "/api/v1/usage/"
ICCID = "8985200000000000017"


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, created_at=timezone.now() - timedelta(days=60))
    make.make_profile(line=line, iccid=ICCID)
    return line


def make_token(**fields):
    given = {"name": "mediation", "scopes": ["usage:write"], "source": "core", "actor": None, "ip": None, **fields}
    return api_tokens.make(now=timezone.now(), **given)


@pytest.fixture
def secret(db):
    return make_token()[1]


def record(number=1, **fields):
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    return {"record_id": f"r{number}", "iccid": ICCID, "at": at, "data_bytes": MB, **fields}


def send(client, secret, body, content_type="application/json", **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return client.post(URL, body, content_type=content_type, headers={"Authorization": f"Bearer {secret}", **headers})


def ndjson(*records):
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def test_a_batch_is_taken_once_however_often_it_is_sent(client, secret, line):
    body = {"records": [record(1), record(2), record(3, data_bytes=-5)]}

    first, again = send(client, secret, body), send(client, secret, body)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == {
        "new": 2,
        "repeated": 0,
        "put_aside": 1,
        "problems": [{"position": 3, "record_id": "r3", "reason": "negative", "detail": "negative amount"}],
        "more_problems": 0,
    }
    assert [again.json()[name] for name in ("new", "repeated", "put_aside")] == [0, 2, 1]
    assert set(UsageRecord.objects.values_list("source", "line")) == {("core", line.pk)}


def test_a_stream_is_taken_plain_and_packed(client, secret, line):
    plain = send(client, secret, ndjson(record(1), record(2)), "application/x-ndjson")
    packed = send(
        client,
        secret,
        gzip.compress(ndjson(record(2), record(3))),
        "application/x-ndjson",
        **{"Content-Encoding": "gzip"},
    )

    assert [one.json()["new"] for one in (plain, packed)] == [2, 1]


def test_a_stream_cut_off_keeps_what_came_and_asks_for_everything_again(client, secret, line):
    whole = gzip.compress(ndjson(*(record(n) for n in range(500))))
    gz = {"Content-Encoding": "gzip"}

    cut = send(client, secret, whole[: len(whole) // 2], "application/x-ndjson", **gz)
    again = send(client, secret, whole, "application/x-ndjson", **gz)

    assert (cut.status_code, cut.headers["Content-Type"]) == (422, "application/problem+json")
    assert 0 < cut.json()["new"] < 500
    assert cut.json()["new"] + again.json()["new"] == 500
    assert not QuarantinedUsage.objects.exists()


def test_who_may_not_send_is_told_why(client, line):
    now = timezone.now()
    revoked, revoked_secret = make_token()
    api_tokens.revoke(revoked, actor=None, ip=None, now=now)
    refused = {
        "": 401,
        "Basic YTpi": 401,
        "Bearer": 401,
        "Bearer esimp_wrong": 401,
        "Bearer \u20ac\x00": 401,
        f"Bearer {revoked_secret}": 401,
        f"Bearer {make_token(expires_at=now - timedelta(seconds=1))[1]}": 401,
        f"Bearer {make_token(scopes=['plans:read'])[1]}": 403,
        f"Bearer {make_token(source='')[1]}": 403,
    }

    for header, status in refused.items():
        answer = client.post(URL, b"{}", content_type="application/json", headers={"Authorization": header})
        assert (header, answer.status_code) == (header, status)
        assert answer.json()["status"] == status
        assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer") is (status == 401)


def test_a_token_is_kept_as_a_digest_and_remembers_its_use(client, line):
    token, secret = make_token()

    send(client, secret, {"records": []})

    token.refresh_from_db()
    assert secret not in str(ApiToken.objects.values().get())
    assert secret.startswith(token.prefix)
    assert token.last_used_at is not None
    assert secret not in str(list(AuditEvent.objects.values()))


def test_what_cannot_be_read_is_refused_and_never_breaks(client, secret, line):
    gz = {"Content-Encoding": "gzip"}
    stream = "application/x-ndjson"
    cases = [
        (b"[" * 100_000, "application/json", {}, 422),
        (b'{"records": 5}', "application/json", {}, 422),
        (b"\xff\xfe", "application/json", {}, 422),
        (b'{"records": [{"record_id": ' + b"9" * 5000 + b"}]}", "application/json", {}, 422),
        (b'{"records": [1, null, "x", [], {"record_id": 1e400}]}', "application/json", {}, 200),
        (b'{"record_id": "a"}\nno json\n\n[1]\n"\\ud800"\n' + b"x" * 50_000 + b"\n", stream, {}, 200),
        (b"not gzip", stream, gz, 422),
        (b"x", "text/plain", {}, 415),
        (b"x", stream, {"Content-Encoding": "br"}, 415),
        (gzip.compress(b" " * (usage_api.LARGEST_DOCUMENT_BYTES + 1)), "application/json", gz, 413),
        (json.dumps([{}] * (usage_api.MOST_IN_A_DOCUMENT + 1)).encode(), "application/json", {}, 413),
    ]
    for body, content_type, headers, status in cases:
        answer = send(client, secret, body, content_type, **headers)
        assert (body[:30], answer.status_code) == (body[:30], status)

    assert client.get(URL, headers={"Authorization": f"Bearer {secret}"}).status_code == 405
    assert not UsageRecord.objects.exists()


def test_what_unpacks_to_more_than_is_taken_is_stopped_on_the_way(client, secret, line, monkeypatch):
    monkeypatch.setattr(usage_api, "LARGEST_STREAM_BYTES", 100_000)
    bomb = gzip.compress(ndjson(*(record(n) for n in range(100))) + b"\n" * 50_000_000)

    answer = send(client, secret, bomb, "application/x-ndjson", **{"Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert answer.json()["new"] == 100


def test_more_problems_than_are_told_are_counted(client, secret, line):
    answer = send(client, secret, {"records": [record(n, data_bytes=-1) for n in range(150)]}).json()

    assert (answer["put_aside"], len(answer["problems"]), answer["more_problems"]) == (150, 100, 50)


@pytest.mark.parametrize(("scope", "told"), [("usage:write", 200), ("plans:read", 403)])
def test_a_program_that_sends_too_often_is_slowed_down(client, line, settings, scope, told):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "usage_api": "2/m/key"}
    _token, secret = make_token(scopes=[scope])

    answers = [send(client, secret, {"records": []}) for _ in range(3)]

    assert [one.status_code for one in answers] == [told, told, 429]
    assert answers[2].headers["Retry-After"] == "60"
