"""The copy of an install page that a device keeps: what it holds, the trace it leaves, and when the browser drops it."""

import re

import pytest
from django.db import transaction
from django.urls import reverse

from accounts import locks
from accounts.letters import write_email, write_sms
from accounts.models import AuditEvent, Notification
from esim import handing_over, installing
from esim.models import DownloadState, SimProfile
from tests import make

CODE = "1$smdp.example.com$CANARY-7Q2XZ-PLUGH"


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone")
    make.make_profile(line=line, activation_code=CODE)
    return line


@pytest.fixture
def as_ada(as_subscriber):
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return as_subscriber


def keep(client, line):
    return client.post(reverse("esim:install_keep", args=[line.public_id]))


def test_the_copy_needs_nothing_but_itself_and_holds_no_form(as_ada, line):
    answer = keep(as_ada, line)

    text = answer.content.decode()
    assert f"LPA:{CODE}" in text
    assert 'src="data:image/png;base64,' in text
    assert "Kept copy" in text
    assert not re.search("<form|csrf|hx-get|esimsetup", text)
    assert "no-store" in answer["Cache-Control"]


def test_each_copy_is_on_record_and_told_of(as_ada, line, subscriber):
    keep(as_ada, line)

    notice = Notification.objects.get(kind="activation_code_kept")
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert AuditEvent.objects.filter(action="line.activation_code_kept", target=line.public_id).count() == 1
    assert letter.subject == "The install page of “Work phone” was kept on a device"
    assert len(write_sms(kind=notice.kind, user=subscriber, context=notice.context)) <= 160


def test_both_owners_of_a_line_that_is_handed_over_are_told_of_each_look_and_copy(subscriber, stranger, now):
    line = make.make_line(owner=stranger)
    profile = make.make_profile(line=line, activation_code=CODE)
    for owner in (stranger, subscriber):
        about = {"line": line, "profile": profile, "viewer": owner, "ip": None, "now": now}
        installing.record_shown(**about)
        installing.record_kept(**about)
        with transaction.atomic():
            line = handing_over.hand_over(line, profile=profile, to=subscriber, now=now)

    for kind in ("activation_code_viewed", "activation_code_kept"):
        told = Notification.objects.filter(kind=kind, channel="email").order_by("pk")
        assert [notice.user for notice in told] == [stranger, subscriber]


def test_nobody_else_and_nobody_unproved_gets_one(client, as_subscriber, line, stranger):
    assert keep(as_subscriber, line).status_code == 302
    client.force_login(stranger)
    assert keep(client, line).status_code == 404
    assert not AuditEvent.objects.filter(action="line.activation_code_kept").exists()


def test_what_is_installed_is_not_kept(as_ada, line):
    SimProfile.objects.update(download_state=DownloadState.INSTALLED)

    assert keep(as_ada, line).status_code == 404


def test_the_browser_drops_it_on_signing_out(as_ada, line):
    keep(as_ada, line)
    before = as_ada.get("/")
    out = as_ada.post(reverse("account_logout"))

    assert "Clear-Site-Data" not in before
    assert out["Clear-Site-Data"] == '"cache", "storage"'
    assert out.cookies["keeps"]["max-age"] == 0


def test_the_browser_drops_it_for_the_next_person(as_ada, line, stranger):
    keep(as_ada, line)
    as_ada.force_login(stranger)

    assert "storage" in as_ada.get("/")["Clear-Site-Data"]
    assert "Clear-Site-Data" not in as_ada.get("/")


def test_the_browser_drops_it_when_the_session_ended_elsewhere(as_ada, line):
    keep(as_ada, line)
    as_ada.session.flush()

    assert "storage" in as_ada.get("/plans/")["Clear-Site-Data"]


def test_a_browser_that_keeps_nothing_is_left_alone(as_ada):
    assert "Clear-Site-Data" not in as_ada.post(reverse("account_logout"))


def test_a_locked_account_shows_no_code(as_ada, line, subscriber, now):
    locks.lock(user=subscriber, ip=None, now=now)

    answers = [as_ada.get(reverse(f"esim:{name}", args=[line.public_id])) for name in ("install", "install_qr")]
    answers += [keep(as_ada, line), as_ada.post(reverse("esim:send_confirmation_code", args=[line.public_id]))]

    assert {answer.status_code for answer in answers} == {423}
    assert all("CANARY" not in answer.content.decode() for answer in answers)
    assert not AuditEvent.objects.filter(action="line.activation_code_viewed").exists()


def test_the_worker_is_served_from_the_root_and_asks_the_network_first(client):
    answer = client.get("/worker.js")

    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-store"
    assert "connect-src 'self'" in answer["Content-Security-Policy"]
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert "fetch(request).catch(" in answer.content.decode()
