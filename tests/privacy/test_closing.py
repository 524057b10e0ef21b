"""What stops the closing of an account while it is going on, and what it waits for."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts import locks
from accounts.models import AccountClosing, User
from accounts.notifications import deliver_due
from billing.models import Order, PaymentMethod
from esim.models import Line, ServiceState
from portal.privacy import closing
from tests import make
from tests.fakes.carrier import FakeCarrier

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


def close_due(now, carrier=None):
    return closing.close_due(carrier=carrier or FakeCarrier(), gateways={}, now=now)


def ask(user, now):
    return closing.ask(user=user, given_up={}, ip=None, now=now)


def make_line_of(user):
    line = make.make_line(owner=user)
    make.make_profile(line=line)
    return line


class Slow(FakeCarrier):
    """A network that takes so long over a line that `deed` is done meanwhile."""

    def __init__(self, deed):
        super().__init__()
        self._deed = deed

    def terminate(self, *args, **kwargs):
        self._deed()
        return super().terminate(*args, **kwargs)


def take_back(user, now):
    assert closing.withdraw(user=user, ip=None, now=now) or AccountClosing.objects.filter(state="withdrawn").exists()


def lock(user, now):
    locks.lock(user=user, ip=None, now=now)


@pytest.mark.parametrize("stop", [take_back, lock])
def test_who_stops_it_while_others_are_closed_keeps_the_lines(subscriber, stranger, now, stop):
    make_line_of(stranger)
    kept = make_line_of(subscriber)
    ask(stranger, now)
    ask(subscriber, now)
    then = now + 7 * DAY

    close_due(then, Slow(lambda: stop(subscriber, then)))

    assert Line.objects.get(pk=kept.pk).service_state == ServiceState.ACTIVE
    assert Line.objects.filter(owner=stranger, service_state=ServiceState.TERMINATED).exists()


@pytest.mark.parametrize("stop", [take_back, lock])
def test_who_stops_it_while_a_line_ends_keeps_the_others_and_the_cards(subscriber, now, stop):
    for _line in range(2):
        make_line_of(subscriber)
    make.make_method(owner=subscriber)
    ask(subscriber, now)
    then = now + 7 * DAY

    close_due(then, Slow(lambda: stop(subscriber, then)))

    states = Line.objects.order_by("service_state").values_list("service_state", flat=True)
    assert list(states) == [ServiceState.ACTIVE, ServiceState.TERMINATED]
    assert PaymentMethod.objects.usable().exists()


@pytest.mark.parametrize("stop", [take_back, lock])
def test_who_stops_it_while_the_last_line_ends_keeps_the_account(subscriber, now, stop):
    make_line_of(subscriber)
    make.make_method(owner=subscriber)
    ask(subscriber, now)
    then = now + 7 * DAY

    close_due(then, Slow(lambda: stop(subscriber, then)))

    subscriber.refresh_from_db()
    assert subscriber.is_active
    assert PaymentMethod.objects.usable().exists()
    assert not AccountClosing.objects.gone().exists()


@pytest.fixture
def ended_late(subscriber, now):
    """The moment at which Ada's account began to end, two days after its day: an order was still being delivered."""
    line = make_line_of(subscriber)
    ask(subscriber, now)
    order = make.make_order(owner=subscriber, line=line, state="paid", paid_at=now)
    close_due(now + 8 * DAY)
    Order.objects.filter(pk=order.pk).update(state="fulfilled", confirmed_at=now)
    close_due(now + 9 * DAY)
    assert AccountClosing.objects.get().state == "ending"
    return now + 9 * DAY


def test_the_last_letter_leaves_also_where_closing_was_held_back_for_days(ended_late):
    close_due(ended_late + timedelta(minutes=5))
    deliver_due(now=ended_late + timedelta(minutes=6))

    assert any("Your account is closed" in letter.subject for letter in mail.outbox)


def test_a_letter_that_does_not_leave_within_a_day_is_waited_for_no_longer(ended_late, subscriber):
    assert close_due(ended_late + timedelta(hours=23)) == 0
    assert close_due(ended_late + timedelta(hours=25)) == 1
    assert User.objects.get(pk=subscriber.pk).full_name == ""
