"""Two tabs, many ticks, and an undo at the same moment; with a control that goes wrong."""

import time
from collections import Counter
from threading import Barrier

import pytest

from accounts.models import Notification
from esim import replacing
from esim.models import Line, ProfileOrder, Replacement, SimProfile
from esim.replacing import TooLateToUndo
from tests import make
from tests.esim.moving import MINUTE, OLD, PhoneCarrier, begin, carry_on, line_on_a_phone, tick
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = make.NOW


class CountingCarrier(PhoneCarrier):
    """Counts calls, also those under the same key, and takes its time."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()
        self.before_answer = self._count

    def _count(self, call):
        self.calls[call] += 1
        time.sleep(0.1)


@pytest.fixture
def line():
    return line_on_a_phone(make.make_user(phone="+14155550144", phone_verified=True))


def two_tabs(line):
    """Send the same form from two tabs; each takes its wish as far as it goes."""
    carrier = CountingCarrier()

    def click(_number):
        asked = begin(Line.objects.select_related("owner").get(pk=line.pk), carrier, NOW)
        return carry_on(asked, carrier, NOW)

    with slowed("esim_replacement", "INSERT", seconds=0.3):
        together(2, click)
    return carrier


def test_two_tabs_begin_one_replacement_and_order_one_profile(line):
    carrier = two_tabs(line)

    assert Replacement.objects.count() == 1
    assert (ProfileOrder.objects.count(), len(carrier.profiles), carrier.calls["order_profile"]) == (1, 1, 1)
    assert Notification.objects.filter(kind="line_replacement").count() == 2, "one news on two channels"


def test_control_without_the_lock_and_the_constraint_two_tabs_order_two_profiles(line, monkeypatch):
    both = Barrier(2)

    def meet(line):
        both.wait(timeout=20)
        return line

    monkeypatch.setattr(replacing, "_lock", meet)

    def clean_up():
        Replacement.objects.all().delete()

    with without_constraint(Replacement, "replacement_one_at_a_time", clean_up=clean_up):
        carrier = two_tabs(line)
        assert Replacement.objects.count() == 2
        assert len(carrier.profiles) == 2


def test_many_ticks_move_once_and_tell_once(line):
    carrier = CountingCarrier()
    replacement = carry_on(begin(line, carrier, NOW), carrier, NOW)
    carrier.switch_on()

    together(4, lambda _number: tick(carrier, NOW + 10 * MINUTE))

    replacement.refresh_from_db()
    assert (replacement.state, carrier.calls["move"]) == ("online", 1)
    assert SimProfile.objects.filter(line=line).current().get() == replacement.new_profile
    assert Notification.objects.filter(kind="line_replacement", context__what="moved").count() == 2


def test_who_undoes_while_it_moves_is_told_that_it_is_too_late_and_can_move_it_back(line):
    carrier = CountingCarrier()
    replacement = carry_on(begin(line, carrier, NOW), carrier, NOW)
    carrier.switch_on()

    def undo():
        time.sleep(0.05)
        replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=NOW + 10 * MINUTE)

    with slowed("esim_replacement", "UPDATE"):
        outcome = together(2, lambda number: undo() if number else tick(carrier, NOW + 10 * MINUTE))[1]

    for minutes in (20, 30):
        tick(carrier, NOW + minutes * MINUTE)
    replacement.refresh_from_db()
    if isinstance(outcome, TooLateToUndo):
        assert replacement.state == "online"
        replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=NOW + 31 * MINUTE)
        carry_on(replacement, carrier, NOW + 31 * MINUTE)
        replacement.refresh_from_db()
    assert replacement.state == "undone"
    assert SimProfile.objects.filter(line=line).current().get().iccid == OLD
