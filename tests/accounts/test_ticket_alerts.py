"""Staff hear of requests for help by e-mail: once for each time that it is their turn."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts import tickets
from accounts.models import Notification, Ticket
from accounts.notifications import deliver_due
from accounts.ticket_alerts import tell_staff
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def kim():
    return make.make_user(email="kim@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def lee():
    """Answers requests and may do nothing else; reads Chinese."""
    person = make.make_user(email="lee@example.com", is_staff=True, language="zh-hans")
    person.user_permissions.add(Permission.objects.get(codename="change_ticket"))
    return person


@pytest.fixture
def ask(subscriber):
    return lambda: make.make_ticket(owner=subscriber)


def readers():
    return list(Notification.objects.order_by("pk").values_list("user__email", flat=True))


def test_one_letter_tells_of_all_that_is_new(kim, ask, now, mailoutbox):
    make.make_user(email="plans@example.com", is_staff=True)
    first, _second = ask(), ask()

    assert tell_staff(now=now) == 2
    assert tell_staff(now=now) == 0
    deliver_due(now=now)

    [letter] = mailoutbox
    assert letter.to == ["kim@example.com"]
    assert letter.subject == "2 requests for help wait for an answer"
    assert "– data, calls or installing" in letter.body
    assert f"/admin/accounts/ticket/{first.pk}/change/" in letter.body


def test_what_was_answered_is_told_again_when_it_is_our_turn_again(kim, ask, now):
    ticket = ask()
    tell_staff(now=now)
    tickets.reply(ticket=ticket, text="Restart it.", key="a", staff=kim, now=now + timedelta(hours=1))
    quiet = tell_staff(now=now + timedelta(hours=1))
    tickets.reply(ticket=ticket, text="Still nothing.", key="b", now=now + timedelta(hours=2))

    assert (quiet, tell_staff(now=now + timedelta(hours=2))) == (0, 1)


def test_what_is_somebodys_is_told_to_them_alone(kim, lee, ask, now):
    Ticket.objects.filter(pk=ask().pk).update(assignee=lee)
    tell_staff(now=now)
    to_lee = readers()
    lee.is_active = False
    lee.save()
    Ticket.objects.update(told_up_to=None)
    tell_staff(now=now + timedelta(minutes=2))

    assert to_lee == ["lee@example.com"]
    assert readers() == ["lee@example.com", "kim@example.com"], "whoever left gets none, and nobody is forgotten"


def test_who_wants_no_mail_gets_none(kim, ask, now):
    kim.notify_by_email = False
    kim.save()
    ask()

    assert tell_staff(now=now) == 1
    assert readers() == []
