"""Many workers at once on one inbox, one cursor and one day; what decides a race has a control without it."""

import pytest

from accounts.models import AuditEvent
from billing import charges, gateway_events
from billing.discrepancies import compare_days, resolve
from billing.gateway_events import apply_gateway_events
from billing.gateways.base import Movement
from billing.missed_events import cursor_of, read_missed_events
from billing.models import ComparedDay, Discrepancy, GatewayEvent, LedgerEntry, Order
from tests.billing.books import NOW, PRICE, buy
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8
PAYMENTS = 6


@pytest.fixture
def told(line, plan, gateway):
    """The gateway of some payments that were made, with a notice of each in the inbox."""
    for _number in range(PAYMENTS):
        charge = buy(line, plan).charges.get()
        charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
        gateway.bank_says(charge.gateway_payment_id, "paid")
    read_missed_events(gateway=gateway, now=NOW)
    gateway.calls.clear()
    return gateway


def apply_together(gateway):
    with slowed("billing_charge", "UPDATE", seconds=0.05):
        return together(CROWD, lambda _number: apply_gateway_events(gateway=gateway, now=NOW))


def test_workers_who_look_at_once_ask_about_each_payment_once(told):
    applied = apply_together(told)

    assert sum(applied) == PAYMENTS
    assert told.calls == ["look_up"] * PAYMENTS
    assert LedgerEntry.objects.filter(kind="received").count() == PAYMENTS


def test_control_without_the_claim_they_ask_many_times_and_settle_once(told, monkeypatch):
    monkeypatch.setattr(gateway_events, "_claim", lambda *_args, **_named: True)

    apply_together(told)

    assert len(told.calls) > PAYMENTS
    assert LedgerEntry.objects.filter(kind="received").count() == PAYMENTS
    assert set(Order.objects.values_list("state", flat=True)) == {"paid"}


def test_readers_at_once_keep_each_notice_once(told):
    GatewayEvent.objects.all().delete()
    told.notices_since = lambda _cursor, *, now: type(told).notices_since(told, "", now=now)

    with slowed("billing_gatewayevent", "INSERT", seconds=0.02):
        missed = together(CROWD, lambda _number: read_missed_events(gateway=told, now=NOW))

    assert sum(missed) == GatewayEvent.objects.count() == PAYMENTS
    assert cursor_of("sandbox") == str(PAYMENTS - 2)


def test_one_day_compared_by_many_is_told_once(gateway, staff):
    gateway.moved = [Movement(id="fake_stranger", money=PRICE, at=NOW)]

    with slowed("billing_discrepancy", "INSERT"):
        done = together(CROWD, lambda _number: compare_days(gateway=gateway, days=[NOW.date()], now=NOW))

    assert [len(comparisons) for comparisons in done] == [1] * CROWD
    assert Discrepancy.objects.count() == ComparedDay.objects.count() == 1

    discrepancy = Discrepancy.objects.get()
    resolved = together(
        CROWD, lambda _number: resolve(discrepancy=discrepancy, note="Ours", actor=staff, ip=None, now=NOW)
    )
    assert sorted(resolved) == [False] * (CROWD - 1) + [True]
    assert AuditEvent.objects.filter(action="discrepancy.resolved").count() == 1
