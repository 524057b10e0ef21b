"""Two at once at an invitation, or at a move: one of them wins, and what happens is what the winner was told."""

import pytest
from django.db.models import QuerySet

from billing import moving
from esim import invitations, moving_lines
from esim.invitations import NotAcceptable
from esim.models import Line, LineInvitation, LineMember, LineMove
from esim.moving_lines import NoLongerOffered
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return line


@pytest.fixture
def unprotected(monkeypatch):
    """Nobody waits for a row, and nobody looks whether it has ended."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    def close(invitation, *, among, **columns):
        return bool(LineInvitation.objects.filter(pk=invitation.pk).update(**columns))

    def advance(move, *, source, **columns):
        return bool(LineMove.objects.filter(pk=move.pk).update(**columns))

    monkeypatch.setattr(invitations, "_close", close)
    monkeypatch.setattr(moving_lines, "_advance", advance)


def accept_and_withdraw(line, now):
    invitation, people = make.make_invitation(line=line), [make.make_user() for _ in range(4)]

    def one(number):
        if number % 2:
            return invitations.withdraw(invitation=invitation, by=line.owner, ip=None, now=now)
        return invitations.accept(invitation=invitation, user=people[number // 2], ip=None, now=now)

    with slowed("esim_lineinvitation", "UPDATE", seconds=0.05):
        return together(8, one)


def test_an_invitation_is_accepted_once_or_withdrawn(line, now):
    answers = accept_and_withdraw(line, now)

    accepted = [one for one in answers if isinstance(one, LineMember)]
    withdrawn = [one for one in answers if one is True]
    assert len(accepted) + len(withdrawn) == 1
    assert LineMember.objects.count() == len(accepted)
    assert all(isinstance(one, LineMember | NotAcceptable | bool) for one in answers)


@pytest.mark.usefixtures("unprotected")
def test_control_without_the_condition_several_win(line, now):
    answers = accept_and_withdraw(line, now)

    assert sum(isinstance(one, LineMember) or one is True for one in answers) > 1


def move_and_undo(line, gateway, now):
    move = make.make_move(line=line, to_owner=make.make_user())

    def one(number):
        if number % 2:
            return moving_lines.undo(move=LineMove.objects.get(pk=move.pk), by=line.owner, ip=None, now=now)
        return moving.move_due(gateways={gateway.name: gateway}, now=now)

    with slowed("esim_line", "UPDATE"):
        return move, together(6, one)


def test_a_move_is_done_once_or_undone(line, gateway, now):
    move, answers = move_and_undo(line, gateway, now)

    moved, undone = answers.count(1), answers.count(None)
    move.refresh_from_db()
    assert (moved, undone) in {(1, 0), (0, 1)}
    assert move.state == ("done" if moved else "undone")
    assert Line.objects.filter(service_state="active").get().owner == (move.to_owner if moved else line.owner)
    assert all(one in {0, 1, None} or isinstance(one, NoLongerOffered) for one in answers)


@pytest.mark.usefixtures("unprotected")
def test_control_without_the_condition_it_is_moved_and_undone(line, gateway, now):
    _move, answers = move_and_undo(line, gateway, now)

    assert answers.count(1) + answers.count(None) > 1
