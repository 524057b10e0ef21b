"""What an SM-DP+ tells us: taken liberally, from who may tell it, once, and only forward."""

import json
import random
from datetime import timedelta
from itertools import permutations

import pytest

from esim.models import CarrierEvent, DownloadState
from portal.lib.redaction import redacted
from tests import make

PATH = "/webhooks/es2plus/gsma/rsp2/es2plus/handleDownloadProgressInfo"
SECRET = "0123456789abcdef" * 4
BY_SECRET = PATH.replace("/es2plus/", f"/es2plus/{SECRET}/", 1)
ICCID = "8988247000000000019"
EID = "89049032123451234512345678901235"


@pytest.fixture(autouse=True)
def _open_door(settings):
    settings.ES2PLUS_CALLBACK_SECRET = SECRET


@pytest.fixture
def profile(subscriber):
    line = make.make_line(owner=subscriber, carrier="es2plus")
    return make.make_profile(line=line, iccid=ICCID, download_state=DownloadState.RELEASED)


def notice(point=4, *, call="FCI-1", failed=None, **fields):
    status = {"status": "Executed-Success"}
    if failed:
        subject, reason = failed
        status = {"status": "Failed", "statusCodeData": {"subjectCode": subject, "reasonCode": reason}}
    return {
        "header": {"functionRequesterIdentifier": "1.3.6.1.4.1.99999.2", "functionCallIdentifier": call},
        "eid": EID,
        "iccid": f"{ICCID}F",
        "profileType": "P_CONSUMER_DATA",
        "timestamp": "2024-11-21T01:40:00Z",
        "notificationPointId": point,
        "notificationPointStatus": status,
        **fields,
    }


def tell(client, told, path=BY_SECRET, **extra):
    body = told if isinstance(told, bytes | str) else json.dumps(told)
    return client.post(path, body, content_type="application/json", **extra)


def at(minute):
    return f"2024-11-21T01:{minute:02}:00Z"


def test_an_installed_profile_is_told_once_and_answered_without_a_body(client, profile):
    answers = [tell(client, notice()) for _ in range(3)]

    profile.refresh_from_db()
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 3
    assert answers[0].headers["X-Admin-Protocol"].startswith("gsma/rsp/v2")
    assert (profile.download_state, profile.eid) == (DownloadState.INSTALLED, EID)
    assert CarrierEvent.objects.get().applied


def test_the_same_news_under_another_call_is_known(client, profile):
    for call in ("FCI-1", "FCI-2"):
        tell(client, notice(call=call))

    assert CarrierEvent.objects.count() == 1


def test_a_caller_that_numbers_orders_rather_than_calls_is_heard_to_the_end(client, profile):
    for point, minute in ((3, 40), (4, 41)):
        tell(client, notice(point, call="ORDER-1", timestamp=at(minute)))

    profile.refresh_from_db()
    assert profile.download_state == DownloadState.INSTALLED
    assert CarrierEvent.objects.count() == 2


def test_some_want_to_hear_more_than_nothing(client, profile, settings):
    settings.ES2PLUS_CALLBACK_ANSWER = "header"

    answer = tell(client, notice())

    assert answer.status_code == 200
    assert answer.json()["header"]["functionExecutionStatus"]["status"] == "Executed-Success"


@pytest.mark.parametrize(
    "changed",
    [
        {"notificationPointId": "4"},
        {"timestamp": None, "timeStamp": "2024-11-21T01:40:00Z"},
        {"timestamp": None, "timeStamp": "1732153200"},
        {"timestamp": 1732153200},
        {"timestamp": 1732153200000},
        {"timestamp": "2024-11-21T01:40:00"},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"iccid": ICCID},
        {"eid": None},
        {"tac": "35123456", "resultData": "AAEC", "more": [1, {}]},
        {"header": None},
        {"header": {"functionCallIdentifier": 7}},
    ],
)
def test_what_is_sent_in_the_field_is_understood(client, profile, changed):
    assert tell(client, notice(**changed)).status_code == 204

    profile.refresh_from_db()
    assert profile.download_state == DownloadState.INSTALLED


def test_points_of_a_vendor_mean_what_the_settings_say(client, profile, settings):
    settings.ES2PLUS_NOTIFICATION_POINTS = {"5": ("deleted",), "101": ("enabled",), "102": ("disabled",)}

    states = []
    for number, point in enumerate((101, "102", 101, 5, 101, 77)):
        tell(client, notice(point, call=f"c{number}", timestamp=at(number)))
        profile.refresh_from_db()
        states.append(profile.download_state)

    assert states == ["enabled", "disabled", "enabled", "deleted", "deleted", "deleted"]


def test_a_failure_is_kept_with_its_codes_and_forgotten_when_it_is_over(client, profile):
    tell(client, notice(3, call="a", failed=("8.8.5", "3.8"), timestamp=at(1)))
    profile.refresh_from_db()
    failed = (profile.download_state, profile.problem)
    tell(client, notice(4, call="b", timestamp=at(2)))
    profile.refresh_from_db()

    assert failed == (DownloadState.ERROR, "8.8.5/3.8")
    assert (profile.download_state, profile.problem) == (DownloadState.INSTALLED, "")


def test_a_wrong_confirmation_code_may_be_tried_again_until_there_were_too_many(client, profile):
    tell(client, notice(2, call="a", failed=("8.2.7", "3.8"), timestamp=at(1)))
    profile.refresh_from_db()
    wrong = (profile.download_state, profile.problem)
    tell(client, notice(2, call="b", failed=("8.2.7", "6.4"), timestamp=at(2)))
    profile.refresh_from_db()

    assert wrong == (DownloadState.RELEASED, "8.2.7/3.8")
    assert (profile.download_state, profile.problem) == (DownloadState.ERROR, "8.2.7/6.4")


@pytest.mark.slow
def test_in_whatever_order_and_however_often_it_is_told_it_comes_to_the_same(client, profile):
    told = [
        notice(1, call="a", timestamp=at(1)),
        notice(3, call="b", timestamp=at(2), failed=("8.2.10", "4.2")),
        notice(3, call="c", timestamp=at(3)),
        notice(4, call="d", timestamp=at(4)),
    ]
    dice = random.Random(5)  # noqa: S311 - no secret
    ends = set()
    for order in permutations(told):
        CarrierEvent.objects.all().delete()
        type(profile).objects.update(download_state="released", state_changed_at=None, problem="")
        for one in (*order, dice.choice(order)):
            tell(client, one)
        profile.refresh_from_db()
        ends.add((profile.download_state, profile.problem))

    assert ends == {("installed", "")}


def test_news_about_nobodys_profile_is_kept_and_answered_alike(client, db):
    assert tell(client, notice()).status_code == 204

    event = CarrierEvent.objects.get()
    assert (event.iccid, event.kind, event.applied) == (ICCID, "installation", False)


def test_the_profile_of_another_carrier_is_not_theirs_to_move(client, subscriber):
    profile = make.make_profile(line=make.make_line(owner=subscriber, carrier="simulated"), iccid=ICCID)
    before = profile.download_state

    tell(client, notice())

    profile.refresh_from_db()
    assert profile.download_state == before


def test_a_clock_ahead_of_ours_does_not_lock_a_profile(client, profile):
    tell(client, notice(3, call="a", timestamp="2999-01-01T00:00:00Z"))
    tell(client, notice(3, call="b", failed=("8.2.10", "4.2"), timestamp="2999-01-01T00:00:01Z"))

    profile.refresh_from_db()
    assert profile.download_state == DownloadState.ERROR


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"4",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"iccid": ' + b"9" * 5_000 + b"}",
        {"iccid": ICCID},
        {"notificationPointId": 4},
        {"iccid": [], "notificationPointId": 4},
        {"iccid": ICCID, "notificationPointId": True},
    ],
    ids=str,
)
def test_garbage_is_answered_400(client, db, junk):
    assert tell(client, junk).status_code == 400
    assert not CarrierEvent.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"iccid": "x" * 5_000},
        {"iccid": "89\x00\ud800"},
        {"header": {"functionCallIdentifier": "\ud800\x00" * 500, "functionRequesterIdentifier": "\x00"}},
        {"notificationPointId": "9" * 500},
        {"notificationPointId": 1e300, "timestamp": 1e300},
        {"timestamp": "-1", "eid": "x" * 999},
        {"timestamp": "0001-01-01T00:00:00+23:00"},
        {"timestamp": "2026-99-99T00:00:00Z"},
        {"notificationPointStatus": "Executed-Success"},
        {"notificationPointStatus": {"status": ["Failed"], "statusCodeData": 4}},
        {"notificationPointStatus": {"status": "Failed", "statusCodeData": {"subjectCode": "\x00" * 900}}},
        {"profileType": {"a": "\x00"}},
    ],
    ids=str,
)
def test_nothing_strange_breaks_it(client, profile, changed):
    assert tell(client, notice(**changed)).status_code in {204, 400}


def test_too_much_is_not_read(client, db):
    assert tell(client, b" " * 70_000).status_code == 413


def test_who_does_not_know_the_secret_is_not_heard(client, profile, settings):
    wrong = BY_SECRET.replace(SECRET, SECRET[:-1] + "0")
    assert tell(client, notice(), wrong).status_code == 404
    assert tell(client, notice(), PATH).status_code == 403

    settings.ES2PLUS_CALLBACK_SECRET = ""
    assert tell(client, notice(), BY_SECRET).status_code == 404
    assert client.get(BY_SECRET).status_code == 405
    assert not CarrierEvent.objects.exists()


def test_the_callers_name_counts_only_from_the_proxy_that_checks_it(client, profile, settings, now):
    from ipaddress import ip_network  # noqa: PLC0415 - here alone

    name = "CN=smdp.example.com,O=Example"
    settings.ES2PLUS_CALLBACK_PROXIES = [ip_network("10.1.0.0/24")]
    settings.ES2PLUS_CALLBACK_IDENTITY = name

    def status(address, shown):
        headers = {"headers": {"X-SSL-Client-S-DN": shown}} if shown is not None else {}
        return tell(client, notice(), PATH, REMOTE_ADDR=address, **headers).status_code

    refused = [
        status("203.0.113.9", name),
        status("10.1.1.1", name),
        status("", name),
        status("10.1.0.7", None),
        status("10.1.0.7", ""),
        status("10.1.0.7", "CN=other"),
        status("10.1.0.7", f"{name},{name}"),
    ]
    assert refused == [403] * len(refused)
    assert not CarrierEvent.objects.exists()
    assert status("10.1.0.7", name) == 204

    settings.ES2PLUS_CALLBACK_IDENTITY = ""
    assert status("10.1.0.7", "") == 403


def test_no_log_keeps_the_secret_path(client, profile, caplog):
    told = redacted(f"Bad Request: {BY_SECRET}")

    assert SECRET not in told
    assert told.endswith("/gsma/rsp2/es2plus/handleDownloadProgressInfo")


def test_an_event_a_year_old_does_not_make_a_profile_older(client, profile, now):
    type(profile).objects.update(download_state="enabled", state_changed_at=now)

    tell(client, notice(3, timestamp=(now - timedelta(days=365)).isoformat()))

    profile.refresh_from_db()
    assert profile.download_state == DownloadState.ENABLED
