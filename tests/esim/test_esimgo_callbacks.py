"""Callbacks of eSIM Go: believed when signed, counted once, and never more than a hint about amounts."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from esim.models import Allowance, CarrierEvent, DownloadState
from tests import make
from tests.fakes.esimgo.callbacks import signed, status_change, usage_alert
from tests.fakes.esimgo.server import API_KEY

pytestmark = pytest.mark.django_db

EID = "89049032021008881300304741158317"


@pytest.fixture(autouse=True)
def at_noon(settings, now):
    settings.CARRIER, settings.ESIMGO_API_KEY = "esimgo", API_KEY
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def profile(subscriber, now):
    line = make.make_line(
        owner=subscriber,
        carrier="esimgo",
        usage_reported_at=now - timedelta(minutes=20),
        usage_poll_due_at=now + timedelta(minutes=40),
    )
    return make.make_profile(line=line, download_state=DownloadState.RELEASED)


def post(client, body, headers):
    return client.post(reverse("esim:esimgo_webhook"), body, content_type="application/json", headers=headers)


def state_of(profile):
    profile.refresh_from_db()
    return profile.download_state


@pytest.mark.parametrize("spelling", ["hex", "base64"])
def test_both_spellings_of_the_signature_are_believed(client, profile, spelling):
    answer = post(client, *signed(status_change(profile.iccid, "Installed", eid=EID), spelling=spelling))

    assert (answer.status_code, answer.content) == (200, b"")
    assert state_of(profile) == DownloadState.INSTALLED
    assert profile.eid == EID
    assert profile.state_changed_at == datetime(2026, 11, 21, 10, 5, 18, tzinfo=UTC)


def test_what_is_not_signed_with_our_key_changes_nothing(client, profile, settings):
    payload = status_change(profile.iccid, "Installed")
    body, headers = signed(payload)
    forged = [
        (body, {}),
        (body, {"X-Signature-SHA256": "ü" * 64}),
        signed(payload, key="another key"),
        (body + b" ", headers),
    ]

    statuses = [post(client, *one).status_code for one in forged]
    settings.ESIMGO_API_KEY = ""
    statuses.append(post(client, *signed(payload, key="")).status_code)

    assert statuses == [400] * 5
    assert state_of(profile) == DownloadState.RELEASED
    assert not CarrierEvent.objects.exists()


def test_released_means_deleted_from_its_device_and_nothing_moves_back(client, profile):
    for number, status in enumerate(["Downloaded", "Installed", "Downloaded", "Released", "Installed"]):
        post(client, *signed(status_change(profile.iccid, status, at=f"2026-11-21T10:0{number}:00Z")))

    assert state_of(profile) == DownloadState.DELETED


def test_a_deletion_told_late_does_not_undo_what_mended_it(client, profile, now):
    type(profile).objects.filter(pk=profile.pk).update(state_changed_at=now)

    post(client, *signed(status_change(profile.iccid, "Released", at="2026-11-21T09:59:00Z")))
    waiting = state_of(profile)
    post(client, *signed(status_change(profile.iccid, "Installed", at="2026-11-21T10:04:00Z")))

    assert (waiting, state_of(profile)) == (DownloadState.RELEASED, DownloadState.INSTALLED)


def test_the_same_message_counts_once(client, profile):
    for _time in range(3):
        post(client, *signed(status_change(profile.iccid, "Installed")))

    event = CarrierEvent.objects.get()
    assert (event.carrier, event.kind, event.applied) == ("esimgo", "profile.status_change", True)


def test_the_first_use_tells_that_a_device_has_switched_it_on(client, profile):
    post(client, *signed(usage_alert(profile.iccid, kind="FirstUse")))

    assert state_of(profile) == DownloadState.ENABLED


def test_a_usage_alert_is_a_hint_to_ask_and_no_amount(client, profile, now):
    allowance = make.make_allowance(line=profile.line)

    post(client, *signed(usage_alert(profile.iccid, remaining=5)))

    profile.line.refresh_from_db()
    assert profile.line.usage_poll_due_at == now
    assert Allowance.objects.get(pk=allowance.pk).used_bytes == 0
    assert not profile.line.usage_records.exists()


def test_a_flood_of_alerts_asks_no_oftener_than_once_a_minute(client, profile, now):
    later = now + timedelta(minutes=40)
    type(profile.line).objects.filter(pk=profile.line_id).update(usage_reported_at=now - timedelta(seconds=20))

    post(client, *signed(usage_alert(profile.iccid)))

    profile.line.refresh_from_db()
    assert profile.line.usage_poll_due_at == later


def test_an_iccid_written_as_a_number_is_read(client, profile):
    post(client, *signed(status_change(int(profile.iccid), "Installed")))

    assert state_of(profile) == DownloadState.INSTALLED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 60_000,
        b"[]",
        b"null",
        b'{"iccid": {"a": 1}}',
        b'{"iccid": "12", "profileStatus": ["Installed"], "device": "x", "bundle": 3, "date": 10e400}',
        b'{"iccid": "8985200000000000001", "alertType": "' + b"x" * 500 + b'", "date": "9999999999999999999999"}',
        b'{"iccid": "\\u0000", "event": "esim.deleted", "date": "2026-06-29T13:20:02Z"}',
    ],
)
def test_signed_nonsense_breaks_nothing(client, body):
    assert post(client, *signed(body)).status_code == 200


def test_too_much_is_refused_before_it_is_checked(client):
    assert post(client, *signed(b"x" * 70_000)).status_code == 413


def test_nobody_listens_where_another_carrier_is_chosen(client, settings, profile):
    settings.CARRIER = "simulated"

    assert post(client, *signed(status_change(profile.iccid, "Installed"))).status_code == 404
