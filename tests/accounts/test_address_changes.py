"""Staff change the address of somebody who lost theirs: two of them, after a proof, and not before it could be stopped."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import address_change_links, address_changes, cool_off
from accounts.address_changes import AddressTaken, AskedAlready, NotTheirs, Wish
from accounts.models import AddressChange, ApiToken, AuditEvent, Notification, User
from accounts.notifications import deliver_due
from accounts.two_people import LockedByOwner, OwnAccount, OwnRequest
from tests import make
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

HOURS = timedelta(hours=1)
NEW, NUMBER = "ada@new.example", "+14155550177"
Kind, State = AddressChange.Kind, AddressChange.State


@pytest.fixture
def ada(subscriber):
    subscriber.phone, subscriber.phone_verified = "+14155550101", True
    subscriber.save()
    return subscriber


@pytest.fixture
def second():
    return make.make_user(is_staff=True)


def ask(user, actor, *, kind=Kind.EMAIL, address=NEW, removes_phone=False):
    wish = Wish(kind=kind, address=address, removes_phone=removes_phone)
    return address_changes.request(user=user, wish=wish, reason="Passport seen", actor=actor, ip=None, now=NOW)


@pytest.fixture
def agreed(ada, staff, second):
    """Return a function that asks for a change and has it approved."""

    def make_one(**wish):
        change = ask(ada, staff, **wish)
        assert address_changes.approve(change=change, actor=second, ip=None, now=NOW)
        change.refresh_from_db()
        return change

    return make_one


def prove(change, *, at=NOW):
    return address_changes.prove(change=change, ip=None, now=at)


def run(at):
    return address_changes.carry_out_due(now=at)


def state_of(change):
    return AddressChange.objects.get(pk=change.pk).state


def letters(kind):
    """Return where each letter of a kind goes."""
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return [(one.channel, one.context.get("to_address") or one.context.get("to_number") or "") for one in found]


def test_it_takes_a_second_person_a_proof_and_the_time_to_object(ada, staff, agreed):
    change = agreed()
    assert change.changes_at == NOW + 24 * HOURS
    assert prove(change)

    assert run(NOW + 23 * HOURS) == 0
    assert User.objects.get(pk=ada.pk).email == "ada@example.com"
    assert run(NOW + 24 * HOURS) == 1

    assert User.objects.get(pk=ada.pk).email == NEW
    assert list(EmailAddress.objects.filter(user=ada).values_list("email", "verified", "primary")) == [
        (NEW, True, True)
    ]
    assert (state_of(change), run(NOW + 25 * HOURS)) == (State.DONE, 0)


def test_who_asked_may_not_approve_or_refuse_it(ada, staff):
    change = ask(ada, staff)

    with pytest.raises(OwnRequest):
        address_changes.approve(change=change, actor=staff, ip=None, now=NOW)
    with pytest.raises(OwnRequest):
        address_changes.refuse(change=change, why="Mine", actor=staff, ip=None, now=NOW)

    assert (state_of(change), Notification.objects.count()) == (State.REQUESTED, 0)


def test_nobody_agrees_to_a_change_of_their_own_address(staff):
    colleague = make.make_user(is_staff=True)
    change = ask(colleague, staff)

    with pytest.raises(OwnAccount):
        address_changes.approve(change=change, actor=colleague, ip=None, now=NOW)


def test_refused_nothing_changes_and_it_can_be_asked_for_again(ada, staff, second):
    change = ask(ada, staff)

    refused = [address_changes.refuse(change=change, why="Not sure", actor=second, ip=None, now=NOW) for _ in range(2)]

    change.refresh_from_db()
    assert (refused, change.state, change.refusal) == ([True, False], State.REFUSED, "Not sure")
    assert ask(ada, staff).state == State.REQUESTED


def test_unproved_it_does_not_come_about_and_lapses_after_a_week(ada, agreed):
    change = agreed()

    assert run(NOW + 24 * HOURS) == 0
    assert state_of(change) == State.AGREED
    assert run(NOW + 24 * HOURS + timedelta(days=7)) == 0

    assert state_of(change) == State.LAPSED
    assert not prove(change)
    assert User.objects.get(pk=ada.pk).email == "ada@example.com"


def test_proved_late_it_comes_about_at_the_next_look(ada, agreed):
    change = agreed()
    run(NOW + 30 * HOURS)
    prove(change, at=NOW + 40 * HOURS)

    assert run(NOW + 40 * HOURS) == 1
    assert User.objects.get(pk=ada.pk).email == NEW


def test_stopped_by_whoever_has_the_old_address_it_never_comes_about(ada, agreed):
    change = agreed()
    prove(change)

    stopped = [address_changes.stop(change=change, actor=None, ip="192.0.2.7", now=NOW + HOURS) for _ in range(2)]

    assert (stopped, run(NOW + 48 * HOURS), state_of(change)) == ([True, False], 0, State.STOPPED)
    assert User.objects.get(pk=ada.pk).email == "ada@example.com"
    assert AuditEvent.objects.get(action="account.address_change_stopped").own_ip_address == "192.0.2.7"


def test_staff_stop_what_waits_for_a_second_person(ada, staff, second):
    change = ask(ada, staff)

    assert address_changes.stop(change=change, actor=staff, ip=None, now=NOW)

    assert not address_changes.approve(change=change, actor=second, ip=None, now=NOW)
    assert Notification.objects.count() == 0


def test_every_old_address_is_told_at_once_and_the_new_one_asked_for_a_proof(ada, agreed):
    ada.notify_by_email = ada.notify_by_sms = False
    ada.save()

    agreed()

    assert letters("address_change_agreed") == [("email", ""), ("sms", "")]
    assert letters("address_change_proof") == [("email", NEW)]
    assert set(Notification.objects.values_list("due_at", flat=True)) == {NOW}


def test_the_links_are_in_the_letters_and_not_in_what_is_kept_of_them(outbox, agreed):
    change = agreed()

    deliver_due(now=NOW)

    stop, prove_path = address_change_links.stopping_path(change), address_change_links.proving_path(change)
    assert [stop in one.body for one in (*outbox.to("ada@example.com"), *outbox.to("+14155550101"))] == [True, True]
    (asked,) = outbox.to(NEW)
    assert prove_path in asked.body
    assert "Ada" not in asked.body
    kept = "".join(f"{one.context} {one.body}" for one in Notification.objects.all())
    assert stop not in kept
    assert prove_path not in kept


def test_an_sms_with_a_link_fits_into_one(outbox, agreed, settings):
    settings.PORTAL_BASE_URL = "https://portal.leb.example"
    agreed(kind=Kind.PHONE, address=NUMBER)

    deliver_due(now=NOW)

    assert [len(one.body) <= 160 for number in ("+14155550101", NUMBER) for one in outbox.to(number)] == [True, True]


def test_a_letter_that_was_delayed_until_it_was_stopped_is_left_out(outbox, agreed):
    change = agreed()
    address_changes.stop(change=change, actor=None, ip=None, now=NOW)

    deliver_due(now=NOW)

    assert outbox.to(NEW) == outbox.to("ada@example.com") == []


def test_a_new_number_is_proved_by_a_link_that_goes_there(ada, agreed, outbox):
    change = agreed(kind=Kind.PHONE, address=NUMBER)
    deliver_due(now=NOW)
    assert address_change_links.proving_path(change) in outbox.to(NUMBER)[-1].body

    prove(change)
    run(NOW + 24 * HOURS)

    ada.refresh_from_db()
    assert (ada.phone, ada.phone_verified, ada.email) == (NUMBER, True, "ada@example.com")
    assert sorted(letters("address_changed")) == [("email", ""), ("sms", ""), ("sms", "+14155550101")]


def test_a_number_that_is_lost_as_well_goes_with_the_old_address(ada, agreed):
    prove(agreed(removes_phone=True))
    run(NOW + 24 * HOURS)

    ada.refresh_from_db()
    assert (ada.phone, ada.phone_verified) == ("", False)
    assert sorted(letters("address_changed")) == [
        ("email", ""),
        ("email", "ada@example.com"),
        ("sms", "+14155550101"),
    ]


def test_sessions_password_and_tokens_end_with_the_old_address(ada, agreed):
    make.make_api_token(owner=ada)
    browser = Client()
    browser.post("/accounts/login/", {"login": ada.email, "password": make.PASSWORD})
    assert browser.get("/settings/").status_code == 200
    assert UserSession.objects.filter(user=ada).exists()
    prove(agreed())

    run(NOW + 24 * HOURS)

    assert browser.get("/settings/").status_code == 302
    ada.refresh_from_db()
    assert not ada.check_password(make.PASSWORD)
    assert ada.has_usable_password()
    assert not ApiToken.objects.owned_by(ada).usable(NOW).exists()
    assert ada.calendar_version == 2


def test_the_trail_tells_the_subscriber_all_of_it_and_lines_stay_for_a_day(ada, staff, second, agreed):
    prove(agreed())
    run(NOW + 24 * HOURS)

    told = AuditEvent.objects.filter(subject=ada).order_by("pk").values_list("action", "actor")
    assert list(told)[:3] == [
        ("account.address_change_requested", staff.pk),
        ("account.address_change_approved", second.pk),
        ("account.new_address_proved", None),
    ]
    changed = AuditEvent.objects.get(action="account.email_changed")
    assert (changed.detail["before"], changed.detail["after"]) == ("ada@example.com", NEW)
    assert cool_off.until(ada, NOW + 25 * HOURS) == NOW + 48 * HOURS


def test_an_address_of_another_account_is_refused_also_when_it_was_taken_meanwhile(ada, staff, stranger, agreed):
    with pytest.raises(AddressTaken):
        ask(ada, staff, address=stranger.email)
    prove(agreed())
    make.make_user(email=NEW)

    assert run(NOW + 24 * HOURS) == 0
    assert run(NOW + timedelta(days=9)) == 0

    assert AddressChange.objects.get().state == State.LAPSED
    assert User.objects.get(pk=ada.pk).email == "ada@example.com"


def test_a_number_that_somebody_has_proved_is_refused(ada, staff, stranger):
    stranger.phone, stranger.phone_verified = NUMBER, True
    stranger.save()

    with pytest.raises(AddressTaken):
        ask(ada, staff, kind=Kind.PHONE, address=NUMBER)


def test_one_change_at_a_time(ada, staff, second):
    ask(ada, staff)

    with pytest.raises(AskedAlready):
        ask(ada, second, address="other@new.example")


def test_a_locked_account_stays_as_it_is_until_the_lock_is_lifted(ada, staff, agreed):
    prove(agreed())
    User.objects.filter(pk=ada.pk).update(locked_at=NOW)

    assert run(NOW + 24 * HOURS) == 0
    User.objects.filter(pk=ada.pk).update(locked_at=None)
    assert run(NOW + 25 * HOURS) == 1


def test_what_is_locked_closed_or_ones_own_is_not_asked_for(ada, staff):
    User.objects.filter(pk=ada.pk).update(locked_at=NOW)
    with pytest.raises(LockedByOwner):
        ask(ada, staff)
    User.objects.filter(pk=ada.pk).update(locked_at=None, is_active=False)
    with pytest.raises(NotTheirs):
        ask(ada, staff)
    with pytest.raises(NotTheirs):
        ask(staff, staff)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "done", "proved_at": None},
        {"state": "done", "decided_by": None},
        {"state": "agreed", "ended_at": NOW},
        {"state": "agreed", "changes_at": None},
        {"reason": ""},
    ],
    ids=["unproved", "by one person", "ended and open", "at no time", "without a reason"],
)
def test_the_database_takes_no_half_a_change(ada, staff, second, wrong):
    whole = {
        "state": "agreed",
        "reason": "Passport seen",
        "requested_by": staff,
        "decided_by": second,
        "decided_at": NOW,
        "changes_at": NOW,
        "proved_at": NOW,
        "ended_at": NOW if wrong.get("state") == "done" else None,
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        AddressChange.objects.create(user=ada, kind="email", address=NEW, **{**whole, **wrong})
