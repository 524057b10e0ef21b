"""A process that dies at any step of moving a line: the tick finishes it, and nothing happens twice."""

from collections import Counter

import pytest
from django.db import connection, transaction

from accounts.models import AuditEvent, Notification, Ticket
from esim import replacing
from esim.models import ProfileOrder, Replacement, SimProfile
from tests import make
from tests.billing.test_crashes import Crash, Dying, Fuse
from tests.esim.moving import MINUTE, PhoneCarrier, begin, carry_on, line_on_a_phone, tick

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOW = make.NOW
LATER = [NOW + minutes * MINUTE for minutes in (100, 110, 120, 190, 200, 210)]


def to_the_end(line, carrier):
    """Ask, install, and wait until the old profile is ended."""
    replacement = carry_on(begin(line, carrier, NOW), carrier, NOW)
    carrier.switch_on()
    for minutes in (10, 80):
        tick(carrier, NOW + minutes * MINUTE)
    return replacement


def back_again(line, carrier):
    """Ask, install, and move it back once it had moved."""
    replacement = carry_on(begin(line, carrier, NOW), carrier, NOW)
    carrier.switch_on()
    tick(carrier, NOW + 10 * MINUTE)
    replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=NOW + 20 * MINUTE)
    carry_on(replacement, carrier, NOW + 20 * MINUTE)


def world(carrier):
    return {
        "replacements": sorted(Replacement.objects.values_list("state", "problem")),
        "profiles": sorted(SimProfile.objects.values_list("iccid", "is_current", "download_state")),
        "orders": sorted(ProfileOrder.objects.values_list("state")),
        "ordered": len(carrier.profiles),
        "moved": list(carrier.moved),
        "terminated": sorted(carrier.terminated),
        "notices": Counter(Notification.objects.values_list("kind", "context__what", "channel")),
        "trail": Counter(AuditEvent.objects.filter(actor=None).values_list("action", flat=True)),
        "tickets": Ticket.objects.count(),
    }


def die_at(step, story, line):
    """Tell a story with a death at one step (0: none), let people and the tick clear up, and forget all of it."""
    fuse = Fuse(step)
    with transaction.atomic():
        carrier = PhoneCarrier()
        dying = Dying(carrier, fuse)
        try:
            with connection.execute_wrapper(fuse.around_statement):
                story(line, dying)
        except Crash:
            transaction.set_rollback(False)
        if fuse.blown:
            _go_on(story, line, carrier)
        for now in LATER:
            tick(carrier, now)
        end = world(carrier)
        transaction.set_rollback(True)
    return fuse.blown, end


def _go_on(story, line, carrier):
    """Do what people do after an error page: send the form again, install, and ask again for what they wanted."""
    replacement = begin(line, carrier, NOW) if not Replacement.objects.exists() else Replacement.objects.get()
    carry_on(replacement, carrier, NOW + 7 * MINUTE)
    carrier.switch_on()
    tick(carrier, NOW + 20 * MINUTE)
    tick(carrier, NOW + 30 * MINUTE)
    replacement.refresh_from_db()
    if story is back_again and replacement.state == "online":
        replacing.undo(replacement=replacement, asked_by=line.owner, ip=None, now=NOW + 40 * MINUTE)


@pytest.mark.parametrize("story", [to_the_end, back_again])
def test_whoever_dies_at_any_step_leaves_the_same_line_behind(story, db, sample):
    line = line_on_a_phone(make.make_user(phone="+14155550143", phone_verified=True))
    _blown, ending = die_at(0, story, line)
    assert [state for state, _problem in ending["replacements"]] == ["done" if story is to_the_end else "undone"]

    for step in sample.of(range(1, 400)):
        blown, end = die_at(step, story, line)
        assert end == ending, f"after dying at step {step}"
        if not blown:
            break
    assert 40 < step < 390, "the sample goes to the end"
