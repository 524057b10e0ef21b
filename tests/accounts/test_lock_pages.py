"""Locking, unlocking and reporting: from the settings, with two proofs, and without the other sessions."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit, calendar_links, locks
from accounts.adapter import AccountAdapter
from accounts.locks import AccountLocked
from accounts.models import AuditEvent, Notification, Ticket, User
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def locked(as_subscriber):
    as_subscriber.post(reverse("accounts:lock"))
    return as_subscriber


def is_locked():
    return User.objects.get(email="ada@example.com").locked_at is not None


def give_password(client):
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})


def give_code(client):
    client.post(reverse("accounts:confirm_by_code"), {"send_to": "email"})
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)[0]
    client.post(reverse("accounts:confirm_by_code"), {"code": code})


def test_a_click_locks_and_tells(locked):
    assert is_locked()
    assert Notification.objects.filter(kind="account_locked").count() == 1
    assert "Your account is locked" in locked.get(reverse("accounts:lock")).content.decode()


def test_neither_a_session_nor_a_password_nor_a_mailbox_alone_unlocks(locked):
    for give in (None, give_password):
        if give:
            give(locked)
        assert locked.post(reverse("accounts:unlock")).status_code == 302
        assert is_locked()
    other = Client()
    other.force_login(User.objects.get(email="ada@example.com"))
    give_code(other)
    other.post(reverse("accounts:unlock"))
    assert is_locked()


def test_password_and_code_unlock_and_leave_a_trace(locked):
    give_password(locked)
    give_code(locked)
    locked.post(reverse("accounts:unlock"))

    assert not is_locked()
    assert AuditEvent.objects.filter(action="account.unlocked").count() == 1
    assert Notification.objects.filter(kind="account_unlocked").count() == 1


def test_who_has_the_mailbox_and_so_the_password_waits_a_day(locked, subscriber, time_machine):
    now = timezone.now()
    audit.record(actor=subscriber, subject=subscriber, action="account.password_reset", now=now)
    give_password(locked)
    give_code(locked)
    assert "a short while ago" in locked.post(reverse("accounts:unlock"), follow=True).content.decode()
    assert is_locked()

    time_machine.move_to(now + timedelta(hours=25))
    again = Client()
    again.force_login(subscriber)
    give_password(again)
    give_code(again)
    again.post(reverse("accounts:unlock"))
    assert not is_locked()


def test_while_it_is_locked_nobody_changes_what_unlocks_it(locked):
    give_password(locked)
    for name in ("account_email", "account_change_phone", "mfa_activate_totp"):
        assert locked.post(reverse(name), {"email": "thief@example.com"}).status_code == 423, name
    assert locked.get(reverse("account_change_password")).status_code == 200


def test_a_change_begun_before_the_lock_is_not_finished_after_it(as_subscriber):
    give_password(as_subscriber)
    as_subscriber.post(reverse("account_email"), {"email": "thief@example.com", "action_add": ""})
    sent = next(one for one in mail.outbox if one.to == ["thief@example.com"])
    code = re.search(r"\b[A-Z0-9]{3,6}-?[A-Z0-9]{3,6}\b", sent.body)[0]
    as_subscriber.post(reverse("accounts:lock"))

    answer = as_subscriber.post(reverse("account_email_verification_sent"), {"code": code})

    assert answer.status_code == 423
    assert not EmailAddress.objects.filter(email="thief@example.com", verified=True).exists()
    assert User.objects.get(email="ada@example.com").locked_at


def test_a_number_asked_for_before_the_lock_is_not_confirmed_after_it(subscriber, rf, now):
    locks.lock(user=subscriber, ip=None, now=now)
    with pytest.raises(AccountLocked):
        AccountAdapter(rf.get("/")).set_phone_verified(subscriber, "+14155550199")
    subscriber.refresh_from_db()
    assert subscriber.phone != "+14155550199"


def test_a_report_ends_other_sessions_locks_and_tells_support_what_happened(subscriber):
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.post(reverse("account_login"), {"login": subscriber.email, "password": make.PASSWORD})
    calendar = calendar_links.token_of(subscriber)
    form = here.get(reverse("accounts:report")).context["form"]
    wishes = {"text": "I got a code I never asked for.", "lock": "on", "form_key": str(form["form_key"].value())}

    for _twice in range(2):
        here.post(reverse("accounts:report"), wishes)

    assert is_locked()
    assert elsewhere.get(reverse("accounts:settings")).status_code == 302
    # Whoever sat there could read its address, and would go on reading what the lines are called and cost.
    assert calendar_links.reader_of(calendar) is None
    ticket = Ticket.objects.get()
    assert ticket.messages.get().text == "I got a code I never asked for."
    assert ticket.references["sessions ended"] == 1


def test_another_report_in_a_form_that_was_sent_is_not_dropped(as_subscriber):
    page = reverse("accounts:report")
    wishes = {"form_key": str(as_subscriber.get(page).context["form"]["form_key"].value())}
    as_subscriber.post(page, {**wishes, "text": "I got a code."})
    asked = as_subscriber.post(page, {**wishes, "text": "And now another one."})
    wishes = {"form_key": str(asked.context["form"]["form_key"].value())}
    as_subscriber.post(page, {**wishes, "text": "And now another one."})

    assert asked.status_code == 422
    assert sorted(ticket.messages.get().text for ticket in Ticket.objects.all()) == [
        "And now another one.",
        "I got a code.",
    ]


def test_staff_lift_lock_and_waiting_time_from_the_person_s_page(client, staff, subscriber, locked):
    admin = Client()
    admin.force_login(staff)
    for url_path in ("lift-lock", "end-waiting-time"):
        page = f"/admin/accounts/user/{subscriber.pk}/{url_path}/"
        admin.post(page, {"reason": "Seen in the shop", "_form_submitted": "on"}, headers={"hx-request": "true"})
    assert not is_locked()
    assert AuditEvent.objects.get(action="account.unlocked_by_staff").detail == {"reason": "Seen in the shop"}
