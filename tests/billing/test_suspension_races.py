"""Many at once on a line that is to be suspended, or is being paid; with a control that goes wrong."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet

from accounts.models import Notification
from billing import orders, suspension
from billing.invariants import broken_invariants
from billing.models import Order
from esim.models import ServiceState
from tests import make
from tests.billing.books import NOW, paid_order
from tests.fakes.carrier import FakeCarrier
from tests.fakes.crowd import slowed, together, wait_for_a_slow_one

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)


class CountingCarrier(FakeCarrier):
    """Counts how often it was asked for a change of service, also under the same key."""

    def __init__(self):
        super().__init__()
        self.asked_for_changes = 0

    def _change_service(self, call, *, key, iccid):
        self.asked_for_changes += 1
        super()._change_service(call, key=key, iccid=iccid)


@pytest.fixture
def unpaid(line, plan):
    make.make_allowance(line=line, plan=plan, starts_at=NOW - 40 * DAY, ends_at=NOW - 10 * DAY)
    return make.make_subscription(
        line=line, plan=plan, state="paused", reason="declined:lost_card", declines=1, suspend_due_at=NOW
    )


def tick(carrier):
    return suspension.suspend_unpaid(carrier=carrier, now=NOW)


def test_many_ticks_suspend_once_and_tell_once(unpaid, line):
    carrier = CountingCarrier()

    with slowed("esim_line", "UPDATE"):
        done = together(4, lambda _number: tick(carrier))

    line.refresh_from_db()
    assert line.service_state == ServiceState.SUSPENDED
    assert (carrier.asked_for_changes, sum(done)) == (1, 1)
    assert Notification.objects.filter(kind="line_suspended").count() == 1


def pay_while_it_is_being_suspended(line, plan):
    """Pay and deliver between the tick's look at the line and its commit; then let the timetable come round."""
    carrier = CountingCarrier()

    def pay():
        wait_for_a_slow_one()
        orders.fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=NOW)

    with slowed("esim_line", "UPDATE", seconds=1):
        together(2, lambda number: pay() if number else tick(carrier))
    later = NOW + timedelta(minutes=10)
    suspension.suspend_unpaid(carrier=carrier, now=later)
    orders.fulfil_due(carrier=carrier, now=later)
    line.refresh_from_db()
    return carrier


def test_who_pays_while_the_line_is_being_suspended_has_a_line_in_service(unpaid, line, plan):
    carrier = pay_while_it_is_being_suspended(line, plan)

    assert Order.objects.get().state == Order.State.FULFILLED
    assert (line.service_state, carrier.suspended) == (ServiceState.ACTIVE, set())
    assert "I11" not in broken_invariants(now=NOW + timedelta(minutes=10))


def test_control_without_the_lock_paid_time_is_cut_short(unpaid, line, plan, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    pay_while_it_is_being_suspended(line, plan)

    assert line.service_state == ServiceState.SUSPENDED
    assert "I11" in broken_invariants(now=NOW + timedelta(minutes=10))
