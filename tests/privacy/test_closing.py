"""What stops the closing of an account while it is going on, what it waits for, and what it leaves to staff."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import mail

from accounts import locks
from accounts.models import AccountClosing, Ticket, TicketMessage, User
from accounts.notifications import deliver_due
from billing.models import Order, PaymentMethod
from esim import application_review
from esim.application_review import CannotDecide
from esim.models import Line, ServiceState, SimApplication
from portal.privacy import closing, forgetting
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


def close(user, now):
    """Close an account to the end, and return the moment."""
    ask(user, now)
    close_due(now + 7 * DAY)
    deliver_due(now=now + 7 * DAY)
    assert close_due(now + 8 * DAY) == 1
    return now + 8 * DAY


def test_nobody_approves_a_card_for_an_account_that_is_closed(subscriber, staff, now):
    make.make_application(owner=subscriber, papers=1, state="submitted", submitted_at=now)
    then = close(subscriber, now)
    application = SimApplication.objects.get()

    assert (application.state, application.forgotten_at) == ("cancelled", then)
    round_ = {"seen_round": application.round, "two_people": False}
    with pytest.raises(CannotDecide):
        application_review.approve(application=application, staff=staff, ip=None, now=then, **round_)


def test_a_card_that_was_approved_and_not_made_ends_with_the_account(subscriber, now):
    make.make_application(owner=subscriber, papers=1, state="approved", submitted_at=now, decided_at=now)
    close(subscriber, now)

    assert SimApplication.objects.get().state == "cancelled"


def test_what_a_closed_account_asked_waits_for_nobody_and_is_forgotten_in_time(subscriber, now):
    make.make_ticket(owner=subscriber, text="I am Ada Lin, passport X1234567.")
    then = close(subscriber, now)

    assert Ticket.objects.get().state == "closed"
    forgetting.forget_old(now=then + 3000 * DAY)
    assert not TicketMessage.objects.filter(text__contains="Ada").exists()


def test_what_staff_changed_of_a_closed_account_names_nobody(subscriber, stranger, staff, now):
    for person in (subscriber, stranger):
        LogEntry.objects.log_actions(staff.pk, [person], CHANGE, change_message="", single_object=True)
    close(subscriber, now)

    named = LogEntry.objects.values_list("object_id", "object_repr")
    assert set(named) == {(str(subscriber.pk), subscriber.public_id), (str(stranger.pk), str(stranger))}
