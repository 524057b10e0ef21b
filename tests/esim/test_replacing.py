"""Moving a line to another device: the old profile works until the new one is online, and is ended last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts import audit, cool_off, locks
from accounts.letters import write_email, write_sms
from accounts.models import AuditEvent, Notification, Ticket
from esim import replacing, suspension, usage
from esim.carriers.base import OutcomeUnknown, Reinstall, UsageReport
from esim.models import DailyUsage, DownloadState, Line, ServiceState, SimProfile, SuspendedFor
from esim.replacing import CoolingOff, NotInService, OnlyBySupport, TooLateToUndo
from esim.replacing_ways import Way, way_of
from esim.suspension import BeingReplaced, ChangeUnderWay
from tests import make
from tests.esim.moving import MINUTE, OLD, PhoneCarrier, begin, carry_on, line_on_a_phone, tick

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def carrier():
    return PhoneCarrier()


@pytest.fixture
def line(subscriber):
    type(subscriber).objects.filter(pk=subscriber.pk).update(phone="+14155550142", phone_verified=True)
    subscriber.refresh_from_db()
    return line_on_a_phone(subscriber)


def current(line):
    return SimProfile.objects.filter(line=line).current().get()


def told(what):
    return Notification.objects.filter(kind="line_replacement", context__what=what).count()


def test_a_line_moves_when_the_new_profile_is_online_and_the_old_one_is_ended_last(line, carrier, now):
    replacement = carry_on(begin(line, carrier, now), carrier, now)
    assert replacement.state == "to_install"
    new = replacement.new_profile
    assert current(line).iccid == OLD, "nothing moved yet"
    assert (carrier.moved, carrier.terminated) == ([], [])

    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)
    replacement.refresh_from_db()
    assert (replacement.state, current(line), carrier.terminated) == ("online", new, [])
    assert carrier.moved == [(OLD, new.iccid)]

    tick(carrier, now + 30 * MINUTE)
    assert carrier.terminated == [], "it can still be undone"
    tick(carrier, now + 80 * MINUTE)
    replacement.refresh_from_db()
    assert (replacement.state, carrier.terminated) == ("done", [OLD])
    assert SimProfile.objects.get(iccid=OLD).download_state == DownloadState.CANCELLED
    assert [told(what) for what in ("begun", "moved", "done", "undone", "failed")] == [2, 2, 2, 0, 0]


def test_the_letters_say_what_happened_in_few_words(line, carrier, now):
    for what in ("begun", "moved", "done", "undone", "failed"):
        for reason in ("lost", "new_phone"):
            values = {"line": "Work phone", "line_id": line.public_id, "what": what, "reason": reason}
            values |= {"same_code": False, "done_at": now.isoformat()}
            letter = write_email(kind="line_replacement", user=line.owner, context=values)
            assert "Work phone" in letter.subject
            assert len(write_sms(kind="line_replacement", user=line.owner, context=values)) <= 160


def test_one_replacement_at_a_time_for_a_line(line, carrier, now):
    first = begin(line, carrier, now)
    assert begin(line, carrier, now, reason="lost") == first
    carry_on(first, carrier, now)
    assert len(carrier.profiles) == 1


def test_an_owner_confirms_and_the_old_profile_is_ended_at_once(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    replacing.end_old_now(replacement=replacement, asked_by=line.owner, ip=None, now=now + 11 * MINUTE)

    assert carry_on(replacement, carrier, now + 11 * MINUTE).state == "done"
    assert carrier.terminated == [OLD]


def test_before_it_moved_undoing_ends_the_new_profile(line, carrier, now):
    replacement = carry_on(begin(line, carrier, now), carrier, now)

    replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=now)
    ended = carry_on(replacement, carrier, now)

    assert ended.state == "undone"
    assert carrier.terminated == [ended.new_profile.iccid]
    assert (current(line).iccid, carrier.moved, told("undone")) == (OLD, [], 2)
    assert ended.new_profile.download_state == DownloadState.CANCELLED


def test_after_it_moved_undoing_moves_it_back(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=now + 20 * MINUTE)
    ended = carry_on(replacement, carrier, now + 20 * MINUTE)

    new = ended.new_profile.iccid
    assert ended.state == "undone"
    assert (carrier.moved, carrier.terminated) == ([(OLD, new), (new, OLD)], [new])
    assert current(line).iccid == OLD


def test_what_is_done_is_not_undone_and_what_was_lost_not_given_back(line, carrier, now):
    replacement = begin(line, carrier, now, reason="lost")
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    replacement.refresh_from_db()
    assert (replacement.state, carrier.terminated) == ("done", [OLD]), "nobody waits for a thief"
    with pytest.raises(TooLateToUndo):
        replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=now + HOUR)
    assert not AuditEvent.objects.filter(action="line.replacement_undo_asked").exists()


def test_a_lost_answer_is_asked_for_again_under_the_same_key(line, carrier, now):
    carrier.losing = {"order_profile", "move", "terminate"}
    replacement = begin(line, carrier, now)
    assert carry_on(replacement, carrier, now).state == "ordering"

    carrier.losing -= {"order_profile"}
    tick(carrier, now + 10 * MINUTE)
    carrier.switch_on()
    tick(carrier, now + 20 * MINUTE)
    replacement.refresh_from_db()
    assert replacement.state == "moving"
    assert current(line).iccid == OLD, "nobody knows yet"

    carrier.losing.clear()
    for minutes in (30, 100, 110):
        tick(carrier, now + minutes * MINUTE)
    replacement.refresh_from_db()
    assert (replacement.state, len(carrier.profiles), len(carrier.moved)) == ("done", 1, 1)


def test_a_final_no_to_the_order_leaves_the_line_as_it_was_and_asks_support(line, carrier, now):
    carrier.refusing["order_profile"] = "not_today"

    ended = carry_on(begin(line, carrier, now), carrier, now)

    assert (ended.state, ended.problem) == ("failed", "not_today")
    assert current(line).iccid == OLD
    ticket = Ticket.objects.get()
    assert (ticket.about, ticket.references["problem"]) == ([line.public_id], "not_today")
    assert told("failed") == 2


def test_a_final_no_to_the_move_ends_the_new_profile_and_keeps_the_old(line, carrier, now):
    carrier.refusing["move"] = "number_is_being_ported"
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    replacement.refresh_from_db()
    assert (replacement.state, current(line).iccid) == ("failed", OLD)
    assert carrier.terminated == [replacement.new_profile.iccid]


def test_who_never_installs_it_keeps_the_old_one(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)

    tick(carrier, now + timedelta(days=31))

    replacement.refresh_from_db()
    assert (replacement.state, replacement.problem, current(line).iccid) == ("failed", "not_installed", OLD)


def test_an_account_that_is_locked_moves_nothing_also_what_was_begun(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    locks.lock(user=line.owner, ip=None, now=now)

    tick(carrier, now + 10 * MINUTE)
    with pytest.raises(locks.AccountLocked):
        replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=now)
    assert (carrier.moved, current(line).iccid) == ([], OLD)

    locks.unlock(user=line.owner, ip=None, now=now)
    tick(carrier, now + 20 * MINUTE)
    assert len(carrier.moved) == 1


def test_a_locked_account_begins_nothing(line, carrier, now):
    locks.lock(user=line.owner, ip=None, now=now)
    with pytest.raises(locks.AccountLocked):
        begin(line, carrier, now)


def test_a_day_after_a_new_address_nothing_moves_unless_staff_say_so(line, carrier, staff, now):
    audit.record(actor=line.owner, subject=line.owner, action="account.email_changed", now=now)

    with pytest.raises(CoolingOff) as refused:
        begin(line, carrier, now + HOUR)
    assert refused.value.until == now + 24 * HOUR

    cool_off.lift(user=line.owner, staff=staff, reason="Seen in the shop", ip=None, now=now + HOUR)
    assert begin(line, carrier, now + HOUR).state == "ordering"


def test_only_a_line_in_service_or_suspended_by_its_owner_moves(line, carrier, now):
    for state, why in (("terminated", ""), ("pending", ""), ("suspended", "staff"), ("suspended", "unpaid")):
        Line.objects.filter(pk=line.pk).update(service_state=state, suspended_for=why)
        with pytest.raises(NotInService):
            begin(line, carrier, now)
    Line.objects.filter(pk=line.pk).update(service_state="suspended", suspended_for="owner")
    assert begin(line, carrier, now).state == "ordering"


def test_a_line_its_owner_suspended_is_back_in_service_on_the_new_device(line, carrier, now):
    suspension.suspend(line=line, why=SuspendedFor.OWNER, key="svc:1", carrier=carrier, now=now)
    replacement = begin(line, carrier, now, reason="lost")
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    line.refresh_from_db()
    assert line.service_state == ServiceState.ACTIVE
    assert carrier.suspended == {OLD}, "the lost phone stays without service"


def test_a_line_that_staff_suspend_meanwhile_stays_suspended_on_the_new_device(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    suspension.suspend(line=line, why=SuspendedFor.STAFF, key="svc:1", carrier=carrier, now=now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    line.refresh_from_db()
    assert line.service_state == ServiceState.SUSPENDED
    assert carrier.suspended == {OLD, current(line).iccid}


def test_a_refusal_to_suspend_the_new_profile_does_not_leave_the_line_between_the_two(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    suspension.suspend(line=line, why=SuspendedFor.STAFF, key="svc:1", carrier=carrier, now=now)
    carrier.refusing["suspend"] = "barred"
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)

    replacement.refresh_from_db()
    assert replacement.state == "online"
    assert current(line).iccid != OLD


def test_nobody_ends_a_line_that_is_being_replaced_nor_suspends_it_while_it_moves(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    with pytest.raises(BeingReplaced):
        suspension.terminate(line=line, key="svc:1", carrier=carrier, now=now)

    def suspend_meanwhile(call):
        if call == "move":
            with pytest.raises(ChangeUnderWay):
                suspension.suspend(line=line, why=SuspendedFor.UNPAID, key="svc:2", carrier=carrier, now=now)

    carrier.before_answer = suspend_meanwhile
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)
    assert carrier.suspended == set()


def test_a_move_waits_until_the_network_has_answered_about_the_line(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.losing.add("suspend")
    with pytest.raises(OutcomeUnknown):
        suspension.suspend(line=line, why=SuspendedFor.OWNER, key="svc:1", carrier=carrier, now=now)
    carrier.switch_on()

    tick(carrier, now + 10 * MINUTE)

    assert carrier.moved == []


def test_the_same_code_once_more_where_the_network_can(line, carrier, now):
    carrier.capabilities = replace(carrier.capabilities, moving=False, reinstall=Reinstall.SAME_CODE)
    profile = SimProfile.objects.get()
    carrier.profiles["old"] = replace(_ordered(), iccid=profile.iccid)

    replacement = carry_on(begin(line, carrier, now, reason="deleted"), carrier, now)
    profile.refresh_from_db()
    assert (replacement.state, replacement.new_profile) == ("to_install", profile)
    assert (profile.download_state, profile.activation_code) == ("released", _ordered().activation_code)

    carrier.on.add(profile.iccid)
    tick(carrier, now + 10 * MINUTE)
    replacement.refresh_from_db()
    assert (replacement.state, carrier.moved, carrier.terminated) == ("done", [], [])


def test_which_way_a_line_takes_depends_on_the_network_and_on_what_happened(line, carrier):
    able = carrier.capabilities
    same = replace(able, reinstall=Reinstall.SAME_CODE)
    cases = {
        (able, "new_phone"): Way.NEW_PROFILE,
        (able, "deleted"): Way.NEW_PROFILE,
        (same, "deleted"): Way.SAME_CODE,
        (same, "new_phone"): Way.NEW_PROFILE,
        (same, "lost"): Way.NEW_PROFILE,
        (replace(same, moving=False), "new_phone"): Way.SAME_CODE,
        (replace(same, moving=False), "lost"): Way.BY_SUPPORT,
        (replace(able, moving=False), "new_phone"): Way.BY_SUPPORT,
        (replace(able, reinstall=Reinstall.UNSUPPORTED), "deleted"): Way.BY_SUPPORT,
    }
    for (capabilities, reason), way in cases.items():
        assert way_of(capabilities=capabilities, line=line, reason=reason) == way, (capabilities, reason)
    line.form = Line.Form.PHYSICAL
    assert way_of(capabilities=able, line=line, reason="new_phone") == Way.BY_SUPPORT
    with pytest.raises(OnlyBySupport):
        begin(line, carrier, make.NOW)


def test_a_network_that_tells_of_no_switching_on_moves_when_it_is_installed(line, carrier, now):
    carrier.capabilities = replace(carrier.capabilities, enable_events=False)
    replacement = begin(line, carrier, now)
    new = carry_on(replacement, carrier, now).new_profile
    SimProfile.objects.filter(pk=new.pk).update(download_state=DownloadState.INSTALLED)

    tick(carrier, now + MINUTE)

    assert carrier.moved == [(OLD, new.iccid)], "its news came before the next look"


def test_what_the_old_profile_used_until_the_end_is_counted(line, carrier, now):
    def usage_since(*, iccid, since, until):
        report = UsageReport(record_id=f"r-{iccid}", at=now + 5 * MINUTE, data_bytes=7_000_000)
        return [report] if since < report.at <= until else []

    carrier.usage_since = usage_since
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)
    tick(carrier, now + 80 * MINUTE)

    assert DailyUsage.objects.get(line=line).data_bytes == 7_000_000
    line.refresh_from_db()
    usage.poll_line(line=line, carrier=carrier, now=now + 90 * MINUTE)
    assert DailyUsage.objects.get(line=line).data_bytes == 14_000_000, "the new one is asked about from then on"


def _ordered():
    return PhoneCarrier().order_profile(type("Ask", (), {"key": "again"}))
