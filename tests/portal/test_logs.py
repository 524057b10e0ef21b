"""Log lines name what they are about, are one line each for a machine, and tell no secret."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal import celery
from portal.lib.log_context import log_about
from portal.lib.redaction import HIDDEN, redacted
from portal.logs import JsonLines, Subjects, TextLines

logger = logging.getLogger("billing.somewhere")

CANARIES = {
    "password=CANARY-password-1": "CANARY-password-1",
    '{"password": "CANARY password 2"}': "CANARY password 2",
    "Authorization: Bearer CANARYtoken3.abcdefgh": "CANARYtoken3",
    "authorization=Basic Q0FOQVJZOnNlY3JldA==": "Q0FOQVJZ",
    "asked with bearer CANARYtoken4abcdefgh": "CANARYtoken4",
    "Cookie: sessionid=canary5canary5canary5canary5cana": "canary5",
    "Set-Cookie: __Host-session=canary6; Secure": "canary6",
    "csrfmiddlewaretoken=CANARY7": "CANARY7",
    "session 3v8canary8q0x7y2k5wz9m1n4p6r8t0s is over": "3v8canary8",
    "LPA:1$smdp.example.com$CANARY-9": "CANARY-9",
    "code '1$smdp.example.com$CANARY-10$$1'": "CANARY-10",
    "Not Found: /accounts/password/reset/key/1-c0ffee-802c5098fa1755b12ebe3ed04f4ff052/": "c0ffee-802c5098",
    "Your one-time code is 904211": "904211",
    "904212 is your one-time code": "904212",
    "您的验证码是 904213": "904213",
    "card 4242 4242 4242 4242 was declined": "4242 4242",
    "pan=5555555555554444": "5555555555554444",
    "cvc: 73755199": "73755199",
    "{'pin': '31337904', 'puk': '90817263541'}": "31337904",
    "sk_live_CANARY17": "CANARY17",
    "whsec_CANARY18": "CANARY18",
    "pi_123_secret_CANARY19": "CANARY19",
    "/renew/answer/1vbCANARY:1uPz9Q:Zk3y8bq0V1nA7dR5tYxW2mLcE9uJ4hGf6sKp/": "CANARY:1uPz9Q",
    "/calendar/qZ7canary21Lk0Xw9Rt5Yv3Bn8Mj2Hg6Fd4Sa1Pq.ics": "canary21",
    "postgres://portal:CANARY22@db/portal": "CANARY22",
    # One token in some hundreds has no digit by which it would be told from a word.
    "Too Many Requests: /pay/canary-three-and-twenty-letters-A/": "canary-three-and",
    "Method Not Allowed: /renewals/sub_abcdefghijklmnop.x.CANARYTWENTYFOUR/": "CANARYTWENTYFOUR",
    '{"body": "http://localhost:8000/join/inv_x.CANARYTWENTYFIVE/"}': "CANARYTWENTYFIVE",
    "Not Found: /take/mov_x.CANARYTWENTYSIX/": "CANARYTWENTYSIX",
    "Forbidden: /address/stop/adc_x.CANARYTWENTYEIGHT/": "CANARYTWENTYEIGHT",
    "Forbidden: /address/prove/adc_x.CANARYTWENTYNINE/": "CANARYTWENTYNINE",
    "Forbidden: /calendar/usr_abcdef.x.CANARYTWENTYSEVEN.ics": "CANARYTWENTYSEVEN",
}
"""Lines that somebody might log by mistake, and what must not be found of each."""

HARMLESS = [
    "Order ord_k4k42689787ps86d is undeliverable (no_profile); the money is back in the balance",
    "Charge chg_0123456789abcdef was refused: insufficient_funds, status code 402",
    "Broken invariant I2: account 17 (wallet) says 999999 where its movements say 1000",
    "Task billing.renew_due[4c5f8d0e-3a69-4a55-9a0f-0c4e8f1d2b3a] received at 1795255200000",
    "Not Found: /plans/pln_0123456789abcdef/",
    'File "/srv/portal/billing/management/commands/compare_with_gateways.py", line 4242, in tick',
]


@pytest.fixture
def json_log():
    yield from collecting(JsonLines())


@pytest.fixture
def text_log():
    yield from collecting(TextLines())


def collecting(formatter):
    """Hang a handler like that of the settings into the root logger."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(Subjects())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def lines_of(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_names_order_charge_and_line_as_fields(json_log):
    with log_about(order="ord_1", subscription=None), log_about(charge="chg_2", line="lin_3"):
        logger.warning("Charge %s was refused", "chg_2")
    logger.info("And now for something else")

    inside, after = lines_of(json_log)
    assert (inside["level"], inside["logger"]) == ("WARNING", "billing.somewhere")
    assert inside["message"] == "Charge chg_2 was refused"
    assert {name: inside.get(name) for name in ("order", "charge", "line", "subscription")} == {
        "order": "ord_1",
        "charge": "chg_2",
        "line": "lin_3",
        "subscription": None,
    }
    assert datetime.fromisoformat(after["time"]).tzinfo == UTC
    assert "order" not in after


def test_a_row_is_named_by_its_public_id(json_log, subscriber):
    with log_about(user=subscriber):
        logger.info("x")

    assert lines_of(json_log)[-1]["user"] == subscriber.public_id


def test_text_for_people_names_the_same(text_log):
    with log_about(order="ord_1", charge="chg_2"):
        logger.warning("Refused")

    assert text_log.getvalue().endswith(" WARNING billing.somewhere Refused [order=ord_1 charge=chg_2]\n")


def test_nobody_forges_a_line(json_log, text_log):
    forged = "name\n2026-11-21 10:00:00,000 ERROR portal all is lost\r\x1b[2J\u2028x"
    logger.warning("Hello %s", forged)

    assert [line["message"] for line in lines_of(json_log)] == [f"Hello {forged}"]
    first, second = text_log.getvalue().split("\n")[:2]
    assert first.endswith("Hello name")
    assert second.startswith("    2026-11-21")
    assert not {"\r", "\x1b", "\u2028"} & set(text_log.getvalue())


@pytest.mark.parametrize("text", CANARIES, ids=CANARIES.values())
def test_what_is_secret_is_hidden(text):
    assert CANARIES[text] not in redacted(text)
    assert HIDDEN in redacted(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_helps_is_not_hidden(text):
    assert redacted(text) == text


def found_in(log):
    return [secret for secret in CANARIES.values() if secret in log.getvalue()]


def log_every_secret():
    for text in CANARIES:
        logger.info("Heard %s", text)
        logger.info("Heard of %r", {"it": text})


def fail_with_every_secret(*_args, **_kwargs):
    log_every_secret()
    raise RuntimeError("; ".join(CANARIES)) from ValueError(" ".join(CANARIES))


@pytest.mark.parametrize("log", ["json_log", "text_log"])
def test_no_way_through_a_page_logs_a_secret(log, request, client, db, monkeypatch):
    """Through success, 400, 403, 404 and 500, in addresses, in headers and in errors."""
    log, asking = request.getfixturevalue(log), Client(enforce_csrf_checks=True, raise_request_exception=False)
    code, token = "1$smdp.example.com$CANARY-9", "CANARYtoken3.abcdefgh"
    asking.cookies["sessionid"] = "canary5canary5canary5canary5cana"

    answers = [
        asking.get("/plans/", {"password": "CANARY-password-1"}, headers={"Authorization": f"Bearer {token}"}),
        asking.get("/plans/", headers={"host": "pan=5555555555554444"}),
        asking.post(reverse("account_login"), {"password": "CANARY-password-1"}),
        asking.get(f"/nothing/{code}/?token={token}"),
    ]
    log_every_secret()
    monkeypatch.setattr("portal.device_pages.render", fail_with_every_secret)
    answers.append(asking.get(reverse("offline", args=["en"])))

    assert [answer.status_code for answer in answers] == [200, 400, 403, 404, 500]
    assert "Internal Server Error: /offline/en/" in log.getvalue()
    assert found_in(log) == []


def test_a_failing_task_names_itself_and_tells_no_secret(json_log):
    @celery.app.task(name="tests.failing")
    def failing():
        fail_with_every_secret()

    failing.apply(throw=False, task_id="0b6e8a52")

    assert found_in(json_log) == []
    failure = lines_of(json_log)[-1]
    assert "RuntimeError" in failure["exc_info"]
    assert (failure["task"], failure["task_id"]) == ("tests.failing", "0b6e8a52")
    del celery.app.tasks["tests.failing"]


def test_without_redaction_the_secrets_would_be_found():
    """The control of the tests above."""
    assert all(secret in text for text, secret in CANARIES.items())


def test_a_request_has_a_name_in_its_answer_and_its_lines(json_log, client, db):
    answer = client.get("/nothing/")

    name = answer["X-Request-ID"]
    assert [line["request"] for line in lines_of(json_log) if line["message"] == "Not Found: /nothing/"] == [name]
    assert len(name) == 32


@pytest.mark.parametrize(
    ("given", "proxies", "is_kept"),
    [("abcdef-123456", 1, True), ("abcdef-123456", 0, False), ("short", 1, False), ("a b\tc" * 3, 1, False)],
)
def test_the_name_of_a_trusted_proxy_is_kept(db, settings, given, proxies, is_kept):
    if proxies:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies

    answer = Client().get("/healthz", headers={"X-Request-ID": given})

    assert (answer["X-Request-ID"] == given) is is_kept


def test_the_demo_writes_for_people():
    assert settings.LOGGING["handlers"]["console"]["formatter"] == "text"


@pytest.mark.parametrize("number", ["8944501234567890123", "89445012345678901234", "89445012345678901234F"])
def test_the_number_of_a_sim_card_is_cut_to_its_end(number):
    kept = number.rstrip("F")[-4:]

    assert redacted(f"GET /lines/bind/?iccid={number} 200") == f"GET /lines/bind/?iccid=…{kept} 200"
