"""One switch stops everything that is charged without a click, and nothing else."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from billing import charging_stops, renewals, tasks
from billing.charging_stops import ChargingStopped
from billing.models import ChargingStop, Order, Subscription
from billing.renewals import Stride
from tests import make
from tests.billing.books import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def renew(gateway, carrier):
    return lambda **more: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW, **more)


@pytest.fixture
def crowd(subscriber, plan):
    """Three subscriptions that are due."""
    lines = [make.make_line(owner=subscriber) for _ in range(3)]
    for line in lines:
        make.make_profile(line=line)
    return [make.make_subscription(line=line, plan=plan) for line in lines]


def stop(actor=None, reason="The bank asked us to wait", now=NOW):
    return charging_stops.stop(reason=reason, actor=actor, ip=None, now=now)


def test_while_stopped_nothing_is_charged_and_the_reason_is_told(crowd, renew, gateway, carrier, staff):
    stop(staff)

    with pytest.raises(ChargingStopped, match="The bank asked us to wait"):
        renew()
    with pytest.raises(ChargingStopped):
        renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)

    assert not Order.objects.exists()
    assert not gateway.payments


def test_once_lifted_what_came_due_meanwhile_is_charged_once(crowd, renew, gateway, staff):
    stop(staff)
    charging_stops.lift(reason="They are back", actor=staff, ip=None, now=NOW + timedelta(hours=1))

    renew()
    renew()

    assert len(gateway.payments) == len(crowd)


@pytest.fixture
def stopped_by_the_first_charge(gateway, staff):
    """Somebody stops charging while the first one is at the gateway."""
    ask = gateway.charge_saved

    def stop_and_ask(*args, **kwargs):
        stop(staff)
        return ask(*args, **kwargs)

    gateway.charge_saved = stop_and_ask


def test_a_stop_in_the_middle_of_a_sweep_ends_it_with_its_batch(crowd, renew, stopped_by_the_first_charge):
    renew(stride=Stride(batch=1))

    # What was asked is finished and written down; the others were not even claimed.
    assert list(Order.objects.values_list("state", flat=True)) == ["fulfilled"]
    assert Subscription.objects.due(NOW).count() == len(crowd) - 1


def test_a_stop_while_the_old_is_finished_begins_nothing_new(crowd, renew, gateway, stopped_by_the_first_charge):
    found = renewals.claim(Subscription.objects.due(NOW), now=NOW - renewals.LEASE, limit=1)
    renewals.intend(renewals.judge(found, now=NOW), now=NOW)

    renew()

    assert len(gateway.taken) == 1


def test_without_a_look_between_batches_the_sweep_runs_on(crowd, renew, stopped_by_the_first_charge, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(renewals, "unless_stopped", lambda in_time: in_time)

    renew(stride=Stride(batch=1))

    assert not Subscription.objects.due(NOW).exists()


def test_stop_and_lift_are_on_record_and_happen_once(staff):
    assert stop(staff)
    assert not stop(staff, reason="Again")
    assert charging_stops.lift(reason="Over", actor=staff, ip="192.0.2.7", now=NOW)
    assert not charging_stops.lift(reason="Over", actor=staff, ip=None, now=NOW)

    row = ChargingStop.objects.get()
    assert (row.stopped_by, row.reason, row.lifted_by, row.lift_reason) == (
        staff,
        "The bank asked us to wait",
        staff,
        "Over",
    )
    trail = AuditEvent.objects.filter(action__startswith="charging.").order_by("pk")
    assert [(one.action, one.actor, one.detail) for one in trail] == [
        ("charging.stopped", staff, {"reason": "The bank asked us to wait"}),
        ("charging.allowed", staff, {"reason": "Over"}),
    ]


def test_two_stops_cannot_stand(staff):
    stop(staff)

    with pytest.raises(IntegrityError), transaction.atomic():
        ChargingStop.objects.create(reason="Past the function")


def test_it_is_stopped_and_allowed_by_hand(crowd, caplog):
    call_command("stop_charging", reason="Rehearsal")
    with pytest.raises(CommandError, match="stopped already"):
        call_command("stop_charging", reason="Rehearsal")

    tasks.renew_due()
    assert "Rehearsal" in caplog.text
    with pytest.raises(CommandError, match="Nothing is charged automatically"):
        call_command("renew_due")
    call_command("allow_charging", reason="Rehearsed")
    with pytest.raises(CommandError, match="Nobody has stopped"):
        call_command("allow_charging", reason="Rehearsed")

    assert charging_stops.standing_stop() is None


def test_the_subscriber_still_renews_by_a_click(as_subscriber, line, plan, staff):
    stop(staff)

    page = as_subscriber.get(f"/lines/{line.public_id}/renew/")

    assert page.status_code == 200
