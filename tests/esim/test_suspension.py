"""Suspending and resuming a line at its carrier: three answers, and whoever dies in between is followed by another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from esim import suspension
from esim.carriers.base import CarrierRefused, OutcomeUnknown
from esim.carriers.simulated import SimulatedCarrier
from esim.models import Line, ServiceState, SuspendedFor
from esim.suspension import CannotSuspend, ChangeUnderWay
from tests import make
from tests.fakes.carrier import FakeCarrier

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=10)


@pytest.fixture
def carrier():
    return FakeCarrier()


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return line


def suspend(line, carrier, now, *, why=SuspendedFor.UNPAID, key="suspend:1"):
    return suspension.suspend(line=line, why=why, key=key, carrier=carrier, now=now)


def resume(line, carrier, now, *, why=SuspendedFor.UNPAID, key="resume:1"):
    return suspension.resume(line=line, why=why, key=key, carrier=carrier, now=now)


@pytest.mark.parametrize("network", [FakeCarrier, SimulatedCarrier])
def test_every_carrier_suspends_and_resumes_and_may_be_asked_twice(network, line):
    carrier, iccid = network(), line.profiles.get().iccid

    for _time in range(2):
        carrier.suspend(key="suspend:1", iccid=iccid)
        carrier.resume(key="resume:1", iccid=iccid)


def test_an_unknown_profile_is_refused(db):
    with pytest.raises(CarrierRefused):
        SimulatedCarrier().suspend(key="suspend:1", iccid="8944000000000000001")


def test_a_line_is_suspended_and_resumed_once(line, carrier, now):
    assert suspend(line, carrier, now)
    assert not suspend(line, carrier, now, key="suspend:2")
    assert (line.service_state, line.suspended_for) == (ServiceState.SUSPENDED, SuspendedFor.UNPAID)
    assert carrier.suspended == {line.profiles.get().iccid}

    assert resume(line, carrier, now)
    assert not resume(line, carrier, now, key="resume:2")
    assert (line.service_state, line.suspended_for, carrier.suspended) == (ServiceState.ACTIVE, "", set())
    assert list(carrier.changes) == ["suspend:1", "resume:1"]


@pytest.mark.parametrize("why", [SuspendedFor.OWNER, SuspendedFor.STAFF])
def test_payment_resumes_nobody_whom_somebody_else_suspended(line, carrier, now, why):
    suspend(line, carrier, now, why=why)

    assert not resume(line, carrier, now)
    assert line.service_state == ServiceState.SUSPENDED


def test_staff_keep_what_was_unpaid_suspended_when_it_is_paid(line, carrier, now):
    suspend(line, carrier, now)

    assert suspend(line, carrier, now, why=SuspendedFor.STAFF, key="staff:1")
    assert not resume(line, carrier, now)
    assert list(carrier.changes) == ["suspend:1"], "it was out of service already"


def test_a_final_no_leaves_the_line_as_it_was(line, carrier, now):
    carrier.refusing["suspend"] = "not_today"

    with pytest.raises(CarrierRefused):
        suspend(line, carrier, now)

    line.refresh_from_db()
    assert (line.service_state, line.service_change, line.suspended_for) == (ServiceState.ACTIVE, "", "")


def test_a_lost_answer_is_asked_for_under_the_same_key(line, carrier, now):
    carrier.losing.add("suspend")
    with pytest.raises(OutcomeUnknown):
        suspend(line, carrier, now)
    line.refresh_from_db()
    assert (line.service_state, line.service_change) == (ServiceState.ACTIVE, "suspending"), "nobody knows yet"

    carrier.losing.clear()
    found = Line.objects.to_finish_changing(now + LATER).get()
    assert suspension.ask_again(line=found, now=now + LATER)
    suspension.carry_out(line=found, carrier=carrier, now=now + LATER)

    assert (found.service_state, found.service_change) == (ServiceState.SUSPENDED, "")
    assert list(carrier.changes) == ["suspend:1"]


def test_nobody_turns_round_what_is_being_asked(line, carrier, now):
    def resume_meanwhile(call):
        if call == "suspend":
            with pytest.raises(ChangeUnderWay):
                resume(line, carrier, now)

    carrier.before_answer = resume_meanwhile
    suspend(line, carrier, now)

    assert line.service_state == ServiceState.SUSPENDED


def test_a_forgotten_suspension_is_turned_round(line, carrier, now):
    carrier.losing.add("suspend")
    with pytest.raises(OutcomeUnknown):
        suspend(line, carrier, now)

    assert resume(line, carrier, now + LATER)
    assert (line.service_state, line.service_change, carrier.suspended) == (ServiceState.ACTIVE, "", set())


def test_a_no_to_turning_a_doubtful_suspension_round_leaves_what_was_confirmed(line, carrier, now):
    carrier.losing.add("suspend")
    with pytest.raises(OutcomeUnknown):
        suspend(line, carrier, now)
    carrier.refusing["resume"] = "not_suspended"

    with pytest.raises(CarrierRefused):
        resume(line, carrier, now + LATER)

    line.refresh_from_db()
    assert (line.service_state, line.service_change, line.suspended_for) == (ServiceState.ACTIVE, "", "")


def test_a_carrier_that_suspends_nobody_is_not_asked(line, carrier, now):
    carrier.capabilities = replace(carrier.capabilities, suspension=False)

    with pytest.raises(CannotSuspend):
        suspend(line, carrier, now)

    assert carrier.changes == {}
