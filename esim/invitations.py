"""Letting somebody look at a line, or pay for it: invited by e-mail, accepted signed in, ended by either.

An invitation and a role change the line's row's neighbours only; whoever changes them holds the line's row first, as
everywhere, so that a line that goes over to somebody else takes nobody along.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.locks import is_locked, refuse_if_locked
from accounts.models import User
from esim import sharing_notices
from esim.models import Line, LineInvitation, LineInvitationQuerySet, LineMember, Role, ServiceState

LASTS = timedelta(days=7)
A_DAY = timedelta(days=1)
A_DAY_AT_MOST = 20
"""Invitations of one person: each sends a letter to whatever address was typed."""
AN_ADDRESS_AT_MOST = 5
"""Letters to one address in a day, whoever sends them."""
PEOPLE_AT_MOST = 20
"""On one line, those invited counted among them."""

State = LineInvitation.State


class CannotInvite(Exception):
    sentence = _("This line can’t be shared now. Nothing was changed.")


class IsOwner(CannotInvite):
    sentence = _("This is your own address. The line is yours already.")


class HasRole(CannotInvite):
    sentence = _("Somebody with this address has that role already.")


class TooManyPeople(CannotInvite):
    sentence = _("So many people share this line, or are invited to, that no more can be added. Remove somebody first.")


class TooManyInvitations(CannotInvite):
    sentence = _("You sent very many invitations within a day. Try again tomorrow.")


class NotAcceptable(Exception):
    """It was withdrawn, answered, or is past its time, or what it is about is no more; nothing was changed."""

    sentence = _("This invitation can’t be accepted any more. Nothing was changed. Ask for another one.")


class OwnLine(NotAcceptable):
    sentence = _("This line is your own. There is nothing to accept.")


def invite(*, line: Line, by: User, email: str, role: Role, ip: str | None, now: datetime) -> LineInvitation:
    """Commit an invitation and its letter; one that waits at the same address is withdrawn for it.

    Raises AccountLocked and CannotInvite.
    """
    refuse_if_locked(by)
    email = email.strip().lower()
    with transaction.atomic():
        held = Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=line.pk, owner=by)
        _check(held, by=by, email=email, role=role, now=now)
        waiting = LineInvitation.objects.filter(line=held, email=email, state=State.OPEN)
        waiting.update(state=State.WITHDRAWN, ended_at=now)
        invitation = LineInvitation.objects.create(
            line=held, invited_by=by, email=email, role=role, created_at=now, expires_at=now + LASTS
        )
        _record("line.member_invited", held, actor=by, email=email, role=role, ip=ip, now=now)
        sharing_notices.invited(invitation, now=now)
    return invitation


def _check(line: Line, *, by: User, email: str, role: Role, now: datetime) -> None:
    if line.service_state == ServiceState.TERMINATED:
        raise CannotInvite
    if email == by.email:
        raise IsOwner
    if LineMember.objects.filter(line=line, role=role, user__email=email).exists():
        raise HasRole
    others = LineInvitation.objects.open(now).filter(line=line).exclude(email=email)
    if others.count() + LineMember.objects.filter(line=line).exclude(user__email=email).count() >= PEOPLE_AT_MOST:
        raise TooManyPeople
    # Counted per line's owner and held by the owner's row: two lines at once count together.
    User.objects.select_for_update().get(pk=by.pk)
    lately = LineInvitation.objects.filter(created_at__gt=now - A_DAY)
    if lately.filter(invited_by=by).count() >= A_DAY_AT_MOST:
        raise TooManyInvitations
    if lately.filter(email=email).count() >= AN_ADDRESS_AT_MOST:
        raise TooManyInvitations


def is_meant_for(user: User, email: str) -> bool:
    """Tell whether a letter to this address was meant for this account: it proved that the address is its own."""
    return bool(EmailAddress.objects.filter(user=user, email=email, verified=True).exists())


def accept(*, invitation: LineInvitation, user: User, ip: str | None, now: datetime) -> LineMember:
    """Give the role that was offered; whoever has another one on this line has this one then.

    Neither goes on while one of the two accounts is locked; of the owner's the other learns nothing. Raises
    AccountLocked and NotAcceptable.
    """
    refuse_if_locked(user)
    with transaction.atomic():
        line = _hold(invitation)
        if line.owner_id == user.pk:
            raise OwnLine
        if line.service_state == ServiceState.TERMINATED or line.owner_id != invitation.invited_by_id:
            raise NotAcceptable
        if is_locked(line.owner):
            raise NotAcceptable
        open_one = LineInvitation.objects.open(now)
        if not _close(invitation, among=open_one, state=State.ACCEPTED, accepted_by=user, ended_at=now):
            raise NotAcceptable
        role = Role(invitation.role)
        member, _made = LineMember.objects.update_or_create(
            line=line, user=user, defaults={"role": role}, create_defaults={"role": role, "created_at": now}
        )
        member.line = line
        _record("line.member_joined", line, actor=user, email=user.email, role=role, ip=ip, now=now)
        _record("line.joined", line, actor=user, subject=user, role=role, ip=ip, now=now)
        sharing_notices.joined(member, now=now)
    return member


def decline(*, invitation: LineInvitation, user: User, ip: str | None, now: datetime) -> None:
    """Say no for good; raises NotAcceptable."""
    with transaction.atomic():
        line = _hold(invitation)
        if not _close(invitation, among=LineInvitation.objects.open(now), state=State.DECLINED, ended_at=now):
            raise NotAcceptable
        _record(
            "line.invitation_declined", line, actor=user, email=invitation.email, role=invitation.role, ip=ip, now=now
        )


def withdraw(*, invitation: LineInvitation, by: User, ip: str | None, now: datetime) -> bool:
    """Take an invitation back; False where it was answered before."""
    with transaction.atomic():
        line = _hold(invitation)
        waiting = LineInvitation.objects.filter(state=State.OPEN)
        if not _close(invitation, among=waiting, state=State.WITHDRAWN, ended_at=now):
            return False
        _record(
            "line.invitation_withdrawn", line, actor=by, email=invitation.email, role=invitation.role, ip=ip, now=now
        )
    return True


def remove(*, member: LineMember, by: User, ip: str | None, now: datetime) -> bool:
    """End a role, as the line's owner or as the member; False where it had ended."""
    with transaction.atomic():
        line = Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=member.line_id)
        gone, _rows = LineMember.objects.filter(pk=member.pk).delete()
        if not gone:
            return False
        left = by.pk == member.user_id
        action = "line.member_left" if left else "line.member_removed"
        _record(action, line, actor=by, email=member.user.email, role=member.role, ip=ip, now=now)
        _record(
            "line.left" if left else "line.role_ended",
            line,
            actor=by if left else None,
            subject=member.user,
            role=member.role,
            ip=ip if left else None,
            now=now,
        )
        sharing_notices.ended(line, member=member, left=left, now=now)
    return True


def end_all(line: Line, *, now: datetime) -> None:
    """End every role and invitation on a line that goes over to somebody else; the caller holds its row."""
    LineInvitation.objects.filter(line=line, state=State.OPEN).update(state=State.WITHDRAWN, ended_at=now)
    for member in LineMember.objects.filter(line=line).select_related("user"):
        _record("line.role_ended", line, actor=None, subject=member.user, role=member.role, ip=None, now=now)
        sharing_notices.ended(line, member=member, left=False, now=now, tells_owner=False)
    LineMember.objects.filter(line=line).delete()


def _close(invitation: LineInvitation, *, among: LineInvitationQuerySet, **columns: object) -> bool:
    """Write its end, unless it has ended meanwhile."""
    return bool(among.filter(pk=invitation.pk).update(**columns))


def _hold(invitation: LineInvitation) -> Line:
    return Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=invitation.line_id)


def _record(
    action: str,
    line: Line,
    *,
    actor: User | None,
    role: str,
    ip: str | None,
    now: datetime,
    email: str = "",
    subject: User | None = None,
) -> None:
    """Leave a trace with the line's owner, or with `subject`, whose address that is."""
    audit.record(
        actor=actor,
        subject=subject or line.owner,
        action=action,
        target=line.public_id,
        detail={"role": str(role), **({"email": email} if email else {})},
        ip=ip,
        now=now,
    )
