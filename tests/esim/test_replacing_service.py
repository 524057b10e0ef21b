"""Moving a line that is suspended, or was: the profile that stands for it serves as the line does."""

import pytest

from esim import replacing, suspension
from esim.carriers.base import OutcomeUnknown
from esim.models import ServiceState, SimProfile, SuspendedFor
from tests.esim.moving import MINUTE, OLD, PhoneCarrier, begin, carry_on, line_on_a_phone, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier():
    return PhoneCarrier()


@pytest.fixture
def line(subscriber):
    return line_on_a_phone(subscriber)


def suspend(line, carrier, now, *, why=SuspendedFor.OWNER):
    line.refresh_from_db()
    assert suspension.suspend(line=line, why=why, key=f"svc:{now:%H%M}", carrier=carrier, now=now)


def moved(line, carrier, now):
    replacement = begin(line, carrier, now)
    carry_on(replacement, carrier, now)
    carrier.switch_on()
    tick(carrier, now + 10 * MINUTE)
    replacement.refresh_from_db()
    assert replacement.state == "online"
    return replacement


def undo(replacement, carrier, now):
    replacing.undo(replacement=replacement, asked_by=replacement.line.owner, ip=None, now=now)
    return carry_on(replacement, carrier, now)


def is_suspended(line, carrier):
    """Tell what we say of the line, and what the network does with the profile that stands for it."""
    line.refresh_from_db()
    current = SimProfile.objects.filter(line=line).current().get()
    return line.service_state == ServiceState.SUSPENDED, current.iccid in carrier.suspended


def test_a_line_suspended_after_it_moved_stays_suspended(line, carrier, now):
    replacement = moved(line, carrier, now)
    suspend(line, carrier, now + 20 * MINUTE)

    tick(carrier, now + 80 * MINUTE)

    replacement.refresh_from_db()
    assert replacement.state == "done"
    assert is_suspended(line, carrier) == (True, True), "this device may have been stolen as well"


def test_a_line_suspended_after_it_moved_stays_so_where_the_network_will_not_move_it_back(line, carrier, now):
    replacement = moved(line, carrier, now)
    suspend(line, carrier, now + 15 * MINUTE)
    carrier.refusing["move"] = "not_back"
    assert undo(replacement, carrier, now + 20 * MINUTE).state == "online"

    tick(carrier, now + 90 * MINUTE)

    assert is_suspended(line, carrier) == (True, True)


def test_what_was_suspended_for_the_old_device_is_resumed_though_the_answer_gets_lost(line, carrier, now):
    suspend(line, carrier, now)
    carrier.losing.add("resume")
    replacement = moved(line, carrier, now)
    line.refresh_from_db()
    assert line.service_change == "resuming"

    carrier.losing.clear()
    tick(carrier, now + 20 * MINUTE)

    assert is_suspended(line, carrier) == (False, False)
    replacement.refresh_from_db()
    assert replacement.state == "online"


def test_a_refusal_to_resume_leaves_the_new_profile_suspended_as_the_line_is(line, carrier, now):
    suspend(line, carrier, now)
    carrier.refusing["resume"] = "barred"

    replacement = moved(line, carrier, now)

    assert (replacement.problem, is_suspended(line, carrier)) == ("barred", (True, True))


@pytest.mark.parametrize("why", [SuspendedFor.OWNER, SuspendedFor.STAFF])
def test_a_line_suspended_on_the_new_device_is_suspended_on_the_old_one_as_well(line, carrier, now, why):
    replacement = moved(line, carrier, now)
    suspend(line, carrier, now + 15 * MINUTE, why=why)

    assert undo(replacement, carrier, now + 20 * MINUTE).state == "undone"

    assert is_suspended(line, carrier) == (True, True)


def test_a_line_that_is_in_service_again_is_so_on_the_old_device_as_well(line, carrier, now):
    suspend(line, carrier, now)
    replacement = moved(line, carrier, now)
    assert OLD in carrier.suspended

    assert undo(replacement, carrier, now + 20 * MINUTE).state == "undone"

    assert is_suspended(line, carrier) == (False, False)


def test_undoing_waits_until_the_network_has_answered_about_the_line(line, carrier, now):
    replacement = moved(line, carrier, now)
    carrier.losing.add("suspend")
    with pytest.raises(OutcomeUnknown):
        suspend(line, carrier, now + 15 * MINUTE)
    assert undo(replacement, carrier, now + 16 * MINUTE).state == "undoing"

    carrier.losing.clear()
    line.refresh_from_db()
    assert suspension.ask_again(line=line, now=now + 22 * MINUTE)
    suspension.carry_out(line=line, carrier=carrier, now=now + 22 * MINUTE)
    tick(carrier, now + 30 * MINUTE)

    replacement.refresh_from_db()
    assert replacement.state == "undone"
    assert is_suspended(line, carrier) == (True, True)
