"""Locking an account, and the time to wait after its addresses or factors changed."""

from datetime import timedelta

import pytest

from accounts import audit, cool_off, locks
from accounts.models import AuditEvent, Notification
from tests import make


@pytest.fixture
def reachable(db):
    return make.make_user(notify_by_email=False, phone="+14155550199", phone_verified=True)


def test_locking_twice_locks_once_and_tells_on_every_channel_once(reachable, now):
    assert locks.lock(user=reachable, ip=None, now=now)
    assert not locks.lock(user=reachable, ip=None, now=now)

    assert locks.is_locked(reachable)
    assert AuditEvent.objects.filter(action="account.locked").count() == 1
    told = Notification.objects.filter(user=reachable).values_list("kind", "channel")
    assert sorted(told) == [("account_locked", "email"), ("account_locked", "sms")]


def test_a_locked_account_refuses_also_when_another_session_locked_it(reachable, now):
    locks.refuse_if_locked(reachable)
    locks.lock(user=type(reachable).objects.get(pk=reachable.pk), ip=None, now=now)

    with pytest.raises(locks.AccountLocked):
        locks.refuse_if_locked(reachable)


def test_staff_lift_the_lock_with_a_reason_that_is_on_record(reachable, staff, now):
    locks.lock(user=reachable, ip=None, now=now)

    assert locks.lift(user=reachable, staff=staff, reason="Called, passport seen", ip=None, now=now)

    locks.refuse_if_locked(reachable)
    assert AuditEvent.objects.get(action="account.unlocked_by_staff").detail == {"reason": "Called, passport seen"}
    assert not locks.lift(user=reachable, staff=staff, reason="again", ip=None, now=now)


def test_after_each_change_of_address_or_factor_there_is_a_day_to_wait(subscriber, now):
    for action in sorted(cool_off.CHANGES):
        person = make.make_user()
        audit.record(actor=person, subject=person, action=action, now=now)
        assert cool_off.until(person, now + timedelta(hours=23)) == now + timedelta(hours=24), action
        assert cool_off.until(person, now + timedelta(hours=24)) is None, action
    audit.record(actor=subscriber, subject=subscriber, action="account.signed_in", now=now)
    assert cool_off.until(subscriber, now) is None


def test_staff_lift_the_waiting_time_and_a_later_change_begins_another(subscriber, staff, now):
    audit.record(actor=subscriber, subject=subscriber, action="account.email_changed", now=now)

    assert cool_off.lift(user=subscriber, staff=staff, reason="Seen in the shop", ip=None, now=now)
    assert cool_off.until(subscriber, now) is None

    later = now + timedelta(hours=2)
    audit.record(actor=subscriber, subject=subscriber, action="account.phone_changed", now=later)
    assert cool_off.until(subscriber, later) == later + timedelta(hours=24)


def test_an_operator_may_do_without_the_waiting_time(subscriber, now, settings):
    settings.PORTAL_COOL_OFF = timedelta(0)
    audit.record(actor=subscriber, subject=subscriber, action="account.email_changed", now=now)
    assert cool_off.until(subscriber, now + timedelta(seconds=1)) is None
