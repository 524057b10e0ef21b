"""Webhooks that never came: what they would have said is read where the gateway keeps it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing import charges
from billing.gateway_events import apply_gateway_events
from billing.gateways.base import Notices
from billing.gateways.sandbox import OVERLAP, SandboxGateway
from billing.gateways.sandbox_bank import pay_with
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.missed_events import cursor_of, read_missed_events
from billing.models import Charge, EventsCursor, GatewayEvent, LedgerEntry, Order, SandboxPayment
from billing.reconciliation import reconcile_charges
from tests.billing.books import buy
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db

MANY = 30


def opened(line, plan, gateway, now):
    """Return a charge whose payer is on the page."""
    charge = buy(line, plan).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    return charge


@pytest.fixture
def paid(line, plan, gateway, now):
    """A charge that was paid; nobody has told us."""
    charge = opened(line, plan, gateway, now)
    gateway.bank_says(charge.gateway_payment_id, "paid")
    return charge


def test_a_payment_whose_webhook_is_lost_is_settled_by_reading(paid, gateway, now):
    assert read_missed_events(gateway=gateway, now=now) == 1
    assert apply_gateway_events(gateway=gateway, now=now) == 1

    assert Order.objects.get().state == "paid"
    assert GatewayEvent.objects.get().by_webhook is False


def test_a_notice_that_came_is_not_stored_again(paid, gateway, now):
    store_by_webhook(gateway, now)

    assert read_missed_events(gateway=gateway, now=now) == 0
    assert GatewayEvent.objects.get().by_webhook is True


def test_a_webhook_that_comes_late_is_known_to_have_come(paid, gateway, now):
    read_missed_events(gateway=gateway, now=now)
    apply_gateway_events(gateway=gateway, now=now)

    store_by_webhook(gateway, now)

    event = GatewayEvent.objects.get()
    assert (event.by_webhook, event.state) == (True, "done")


def store_by_webhook(gateway, now):
    for notice in gateway.events:
        GatewayEvent.objects.insert_once(
            gateway=gateway.name,
            event_id=notice.event_id,
            kind=notice.kind,
            about=notice.about,
            payment_id=notice.payment_id,
            payload=notice.payload,
            now=now,
        )


def test_reading_goes_on_where_it_ended(line, plan, gateway, now):
    for _number in range(3):
        gateway.bank_says(opened(line, plan, gateway, now).gateway_payment_id, "paid")
        assert read_missed_events(gateway=gateway, now=now) == 1

    assert read_missed_events(gateway=gateway, now=now) == 0
    assert GatewayEvent.objects.count() == 3


class Wordy(FakeGateway):
    """Tells two notices at a time, and where to go on."""

    def notices_since(self, cursor, *, now):
        self._arrive("notices_since")
        begin = int(cursor or 0)
        return Notices(notices=self.events[begin : begin + 2], cursor=str(min(begin + 2, len(self.events))))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_gateway_that_tells_a_part_at_a_time_is_read_to_the_end(count, line, plan, now):
    wordy = Wordy()
    for _number in range(count):
        wordy.bank_says(opened(line, plan, wordy, now).gateway_payment_id, "paid")

    assert read_missed_events(gateway=wordy, now=now) == count
    assert cursor_of("sandbox") == str(count)


def test_a_gateway_with_much_to_tell_is_heard_for_as_long_as_there_is_time(line, plan, now):
    wordy = Wordy()
    for _number in range(5):
        wordy.bank_says(opened(line, plan, wordy, now).gateway_payment_id, "paid")

    heard = [read_missed_events(gateway=wordy, now=now, in_time=lambda: False) for _run in range(4)]

    assert heard == [2, 2, 1, 0]


def test_dying_between_storing_and_moving_the_cursor_keeps_each_notice_once(paid, gateway, now):
    class PowerCut(BaseException):
        """Not an error that anybody handles."""

    told = gateway.notices_since("", now=now)

    def stored_and_no_further():
        yield from told.notices
        raise PowerCut

    gateway.notices_since = lambda *_args, **_named: replace(told, notices=stored_and_no_further())
    with pytest.raises(PowerCut):
        read_missed_events(gateway=gateway, now=now)
    assert cursor_of(gateway.name) is None
    del gateway.notices_since

    assert read_missed_events(gateway=gateway, now=now) == 0
    assert cursor_of(gateway.name) == told.cursor
    assert GatewayEvent.objects.count() == 1


def test_a_gateway_that_does_not_answer_is_read_from_the_same_place(paid, gateway, now):
    gateway.down = {"notices_since"}
    assert read_missed_events(gateway=gateway, now=now) == 0
    assert not EventsCursor.objects.exists()

    gateway.down = set()

    assert read_missed_events(gateway=gateway, now=now) == 1


def test_a_gateway_that_cannot_be_read_is_reported_and_stops_nobody(gateway, now, caplog):
    def broken(_cursor, *, now):
        raise PermissionError("this key may not list events")

    gateway.notices_since = broken

    assert read_missed_events(gateway=gateway, now=now) == 0
    assert "this key may not list events" in caplog.text


def test_the_slower_of_two_readers_does_not_move_the_cursor_back(paid, gateway, now):
    read_missed_events(gateway=gateway, now=now)
    answer = gateway.notices_since("", now=now)

    def overtaken(_cursor, *, now):
        EventsCursor.objects.update(cursor="99")
        return answer

    gateway.notices_since = overtaken
    read_missed_events(gateway=gateway, now=now)

    assert cursor_of(gateway.name) == "99"


@pytest.mark.parametrize("way", ["reading the gateway's notices", "asking about our own charges"])
def test_with_every_webhook_lost_all_is_settled(way, line, plan, gateway, now):
    for _number in range(MANY):
        gateway.bank_says(opened(line, plan, gateway, now).gateway_payment_id, "paid")

    later = now + timedelta(minutes=6)
    if way == "reading the gateway's notices":
        assert read_missed_events(gateway=gateway, now=later) == MANY
        assert apply_gateway_events(gateway=gateway, now=later) == MANY
    else:
        assert reconcile_charges(gateway=gateway, now=later) == MANY

    assert set(Order.objects.values_list("state", flat=True)) == {"paid"}
    assert set(Charge.objects.values_list("state", flat=True)) == {"succeeded"}
    assert LedgerEntry.objects.filter(kind="received").count() == MANY


def test_control_without_either_look_nothing_is_settled(line, plan, gateway, now):
    for _number in range(MANY):
        gateway.bank_says(opened(line, plan, gateway, now).gateway_payment_id, "paid")

    assert apply_gateway_events(gateway=gateway, now=now + timedelta(minutes=6)) == 0
    assert set(Order.objects.values_list("state", flat=True)) == {"pending"}


def test_the_sandbox_tells_the_state_its_payments_are_in(line, plan, now):
    sandbox = SandboxGateway(secrets=["x"])
    charge = opened(line, plan, sandbox, now)
    payment = SandboxPayment.objects.get()
    assert read_missed_events(gateway=sandbox, now=payment.moved_at) == 0

    pay_with(payment, CARDS_BY_LAST_FOUR["4242"], keep=False)

    assert read_missed_events(gateway=sandbox, now=payment.moved_at) == 1
    assert GatewayEvent.objects.get().payment_id == charge.gateway_payment_id
    payment.refresh_from_db()
    assert cursor_of("sandbox") == (payment.moved_at - OVERLAP).isoformat()
    assert read_missed_events(gateway=sandbox, now=payment.moved_at + timedelta(days=1)) == 0
