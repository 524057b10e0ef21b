"""Letting somebody into a line: invited by e-mail, accepted signed in, ended by either."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts import locks
from accounts.locks import AccountLocked
from accounts.models import AuditEvent, Notification
from accounts.notifications import deliver_due
from esim import invitations
from esim.invitations import CannotInvite, NotAcceptable, TooManyInvitations, TooManyPeople
from esim.models import Line, LineInvitation, LineMember, Role
from esim.sharing_links import invitation_token
from tests import make
from tests.proved import address_of_form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

DAY = timedelta(days=1)


@pytest.fixture
def at_now(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Italy trip", msisdn="+14155550177")


@pytest.fixture
def invitation(line, stranger):
    """Sam is invited to look at Ada's line, at his own address."""
    return make.make_invitation(line=line, email=stranger.email)


def joining(invitation):
    return reverse("esim:join", args=[invitation_token(invitation)])


def invite(line, email="kid@example.com", role=Role.VIEWER, *, now):
    return invitations.invite(line=line, by=line.owner, email=email, role=role, ip=None, now=now)


def test_an_owner_invites_and_the_letter_goes_to_the_address(as_subscriber, line, now):
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})

    as_subscriber.post(reverse("esim:people", args=[line.public_id]), {"email": "Kid@Example.com", "role": "payer"})
    deliver_due(now=now)

    invitation = LineInvitation.objects.get()
    assert (invitation.email, invitation.role) == ("kid@example.com", "payer")
    letter = next(one for one in mail.outbox if one.to == ["kid@example.com"])
    assert joining(invitation) in letter.body
    assert "Ada Lin shares a line with you" in letter.subject
    assert "/settings/" not in letter.body
    assert [one.subject for one in mail.outbox if one.to == ["ada@example.com"]] == [
        "You invited kid@example.com to “Italy trip”"
    ]


def test_inviting_asks_who_it_is_first_and_says_what_is_wrong(as_subscriber, line):
    people = reverse("esim:people", args=[line.public_id])

    asked = as_subscriber.post(people, {"email": "kid@example.com", "role": "viewer"})
    wrong = as_subscriber.post(people, {"email": "no address", "role": "boss"})

    assert asked.url.startswith(reverse("account_reauthenticate"))
    too_long = as_subscriber.post(people, {"email": f"{'x' * 240}@long.example.com", "role": "viewer"})

    assert wrong.status_code == too_long.status_code == 422
    assert "no address" in wrong.content.decode()
    assert not LineInvitation.objects.exists()


def test_an_invitation_refused_after_the_proof_is_mended_and_sent_from_there(as_subscriber, line):
    asked = as_subscriber.post(
        reverse("esim:people", args=[line.public_id]), {"email": line.owner.email, "role": "viewer"}
    )
    refused = as_subscriber.post(asked.url, {"password": make.PASSWORD})

    as_subscriber.post(address_of_form(refused, field="role"), {"email": "kid@example.com", "role": "viewer"})

    assert refused.status_code == 422
    assert LineInvitation.objects.get().email == "kid@example.com"


def test_opening_the_link_changes_nothing_and_shows_little(client, invitation):
    text = client.get(joining(invitation)).content.decode()

    assert "ends in 0177" in text
    assert "14155550177" not in text
    assert invitation.email not in text
    assert not LineMember.objects.exists()


def test_accepting_takes_a_session_and_then_shows_the_line(client, invitation, stranger, line, now):
    signed_out = client.post(joining(invitation), {"answer": "accept"})
    client.force_login(stranger)
    client.post(joining(invitation), {"answer": "accept"})
    again = client.post(joining(invitation), {"answer": "accept"}, follow=True)

    assert signed_out.url.startswith(reverse("account_login"))
    assert LineMember.objects.get().user == stranger
    assert "You accepted this invitation" in again.content.decode()
    assert list(Line.objects.visible_to(stranger)) == [line]
    assert not Line.objects.payable_by(stranger).exists()
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"line.member_joined", "line.joined"}
    assert set(Notification.objects.values_list("user__email", flat=True)) == {line.owner.email, stranger.email}
    assert client.get(reverse("line", args=[line.public_id])).status_code == 200


def test_another_account_has_to_say_that_it_is_meant(client, invitation):
    other = make.make_user()
    client.force_login(other)

    first = client.post(joining(invitation), {"answer": "accept"})
    client.post(joining(invitation), {"answer": "accept", "confirmed": "on"})

    assert first.status_code == 422
    assert "Confirm that you mean this account" in first.content.decode()
    assert LineMember.objects.get().user == other


def test_an_address_that_was_not_confirmed_does_not_count(client, line):
    """Anybody can type any address at sign-up."""
    claims = make.make_user(verified=False)
    invitation = make.make_invitation(line=line, email=claims.email)

    assert not invitations.is_meant_for(claims, invitation.email)


@pytest.mark.parametrize("how", ["withdrawn", "declined", "expired", "accepted", "moved"])
def test_an_invitation_that_is_over_gives_nothing(invitation, line, stranger, now, how):
    if how == "withdrawn":
        invitations.withdraw(invitation=invitation, by=line.owner, ip=None, now=now)
    elif how == "declined":
        invitations.decline(invitation=invitation, user=stranger, ip=None, now=now)
    elif how == "expired":
        now += 7 * DAY
    elif how == "accepted":
        invitations.accept(invitation=invitation, user=make.make_user(), ip=None, now=now)
    else:
        Line.objects.update(service_state="terminated")

    with pytest.raises(NotAcceptable):
        invitations.accept(invitation=invitation, user=stranger, ip=None, now=now)

    assert not Line.objects.visible_to(stranger).exists()


def test_a_locked_account_lets_nobody_in(client, invitation, line, stranger, now):
    locks.lock(user=line.owner, ip=None, now=now)
    client.force_login(stranger)

    answer = client.post(joining(invitation), {"answer": "accept"}, follow=True)

    # It is not the guest's account that is locked, nor theirs to know that another one is.
    assert "Your account is locked" not in answer.content.decode()
    assert not LineMember.objects.exists()
    with pytest.raises(AccountLocked):
        invite(line, now=now)


def test_the_owner_removes_and_a_member_leaves(client, as_subscriber, line, stranger, now):
    first, second = make.make_member(line=line), make.make_member(line=line, user=stranger)

    as_subscriber.post(reverse("esim:remove_member", args=[first.public_id]))
    client.force_login(stranger)
    left = client.post(reverse("esim:remove_member", args=[second.public_id]))

    assert left.url == "/"
    assert not LineMember.objects.exists()
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {
        "line.member_removed",
        "line.role_ended",
        "line.member_left",
        "line.left",
    }


def test_a_member_removes_nobody_else(client, line, stranger):
    make.make_member(line=line, user=stranger, role=Role.PAYER)
    other = make.make_member(line=line)
    client.force_login(stranger)

    assert client.post(reverse("esim:remove_member", args=[other.public_id])).status_code == 404
    assert LineMember.objects.count() == 2


def test_inviting_has_limits(line, now, monkeypatch):
    monkeypatch.setattr(invitations, "PEOPLE_AT_MOST", 2)
    invite(line, "a@example.com", now=now)
    invite(line, "b@example.com", now=now)
    with pytest.raises(TooManyPeople):
        invite(line, "c@example.com", now=now)

    monkeypatch.setattr(invitations, "A_DAY_AT_MOST", 2)
    with pytest.raises(TooManyInvitations):
        invite(make.make_line(owner=line.owner), "d@example.com", now=now)
    with pytest.raises(CannotInvite):
        invite(line, line.owner.email, now=now)


def test_one_address_gets_few_letters_and_no_names_that_are_links(line, now):
    line.nickname, line.owner.full_name = "Win at evil.example", "See https://evil.example"
    line.save()
    line.owner.save()
    for _ in range(5):
        invite(line, now=now)
    deliver_due(now=now)

    with pytest.raises(TooManyInvitations):
        invite(make.make_line(owner=make.make_user()), now=now)
    letter = next(one for one in mail.outbox if one.to == ["kid@example.com"])
    assert "evil" not in letter.subject + letter.body
    assert "•••• 0177" in letter.body


def test_a_second_invitation_takes_the_place_of_the_first_and_changes_the_role(line, invitation, stranger, now):
    anew = invite(line, stranger.email, Role.PAYER, now=now)
    with pytest.raises(NotAcceptable):
        invitations.accept(invitation=invitation, user=stranger, ip=None, now=now)

    invitations.accept(invitation=anew, user=stranger, ip=None, now=now)

    assert Line.objects.payable_by(stranger).get() == line
