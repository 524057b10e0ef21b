"""Giving a line to another account: offered by its owner, agreed to by the other, moved when both had time to think.

`offer`, `accept`, `withdraw`, `decline` and `undo` commit what is wanted; `hand` does it, inside the caller's
transaction, for whoever has made sure that nothing is being bought for the line.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import audit, cool_off
from accounts.locks import is_locked, refuse_if_locked
from accounts.models import User
from esim import handing_over, sharing_notices
from esim.models import Line, LineMove, Replacement, ServiceState, SimProfile

OFFER_LASTS = timedelta(days=7)
A_DAY, A_DAY_AT_MOST = timedelta(days=1), 5

State = LineMove.State


class CannotMove(Exception):
    sentence = _("This line can’t be given to another account now. Nothing was changed.")


class NotInService(CannotMove):
    sentence = _("Only a line that is in service can be given away, and none that is being changed or replaced.")


class UnderWay(CannotMove):
    sentence = _("This line is being given away already. Look at how far that is.")


class ToOneself(CannotMove):
    sentence = _("This line is in your account already.")


class TooManyOffers(CannotMove):
    sentence = _("You offered very many lines within a day. Try again tomorrow.")


class CoolingOff(cool_off.CoolingOff, CannotMove):
    pass


class NoLongerOffered(CannotMove):
    sentence = _("This can’t be answered or changed any more. Look at what became of it.")


def offer(*, line: Line, by: User, email: str, ip: str | None, now: datetime) -> LineMove:
    """Commit the owner's wish, and the letter that asks the other; raises AccountLocked and CannotMove."""
    refuse_if_locked(by)
    if until := cool_off.until(by, now):
        raise CoolingOff(until)
    email = email.strip().lower()
    if email == by.email:
        raise ToOneself
    with transaction.atomic():
        held = hold(line.pk)
        if held.owner_id != by.pk or movable_profile(held) is None:
            raise NotInService
        end_old_offers(held, now=now)
        if LineMove.objects.under_way().filter(line=held).exists():
            raise UnderWay
        User.objects.select_for_update().get(pk=by.pk)
        if LineMove.objects.filter(from_owner=by, created_at__gt=now - A_DAY).count() >= A_DAY_AT_MOST:
            raise TooManyOffers
        move = LineMove.objects.create(
            line=held, from_owner=by, to_email=email, created_at=now, expires_at=now + OFFER_LASTS
        )
        leave_trace("line.move_offered", move, actor=by, subject=by, ip=ip, now=now)
        sharing_notices.move_offered(move, now=now)
    return move


def accept(*, move: LineMove, user: User, ip: str | None, now: datetime) -> LineMove:
    """Commit the other's yes; from then on both have the cool-off to undo it. Raises AccountLocked and CannotMove.

    That the owner's account is locked is not for the other to know.
    """
    refuse_if_locked(user)
    with transaction.atomic():
        line = hold(move.line_id)
        if line.owner_id == user.pk:
            raise ToOneself
        if line.owner_id != move.from_owner_id or is_locked(line.owner) or movable_profile(line) is None:
            raise NoLongerOffered
        offered = Q(state=State.OFFERED, expires_at__gt=now)
        moves_at = now + settings.PORTAL_COOL_OFF
        if not _advance(move, source=offered, state=State.AGREED, to_owner=user, agreed_at=now, moves_at=moves_at):
            raise NoLongerOffered
        move.refresh_from_db()
        for subject in (move.from_owner, user):
            leave_trace("line.move_agreed", move, actor=user, subject=subject, ip=ip, now=now)
        sharing_notices.move_told(move, what="agreed", now=now)
    return move


def decline(*, move: LineMove, user: User, ip: str | None, now: datetime) -> None:
    """Say no for whoever has the link; raises NoLongerOffered."""
    with transaction.atomic():
        hold(move.line_id)
        if not _advance(move, source=Q(state=State.OFFERED), state=State.DECLINED, ended_at=now):
            raise NoLongerOffered
        leave_trace("line.move_declined", move, actor=user, subject=move.from_owner, ip=ip, now=now)
        sharing_notices.move_told(move, what="declined", now=now)


def undo(*, move: LineMove, by: User, ip: str | None, now: datetime) -> None:
    """Call a move off, for either of the two, also from a locked account; raises NoLongerOffered.

    The owner can do so before and after the other's yes, the other after it.
    """
    mine = Q(state__in=State.UNDER_WAY) if by.pk == move.from_owner_id else Q(state=State.AGREED, to_owner=by)
    with transaction.atomic():
        hold(move.line_id)
        was_agreed = LineMove.objects.filter(pk=move.pk, state=State.AGREED).exists()
        to = State.UNDONE if was_agreed else State.WITHDRAWN
        if not _advance(move, source=mine, state=to, ended_at=now):
            raise NoLongerOffered
        move.refresh_from_db()
        for subject in {move.from_owner, move.to_owner or move.from_owner}:
            leave_trace("line.move_undone", move, actor=by, subject=subject, ip=ip if subject == by else None, now=now)
        sharing_notices.move_told(move, what="undone" if was_agreed else "withdrawn", now=now)


def hand(*, move_id: int, now: datetime) -> LineMove:
    """Do what was agreed: the SIM goes to a line of the new owner's, the former owner's line ends.

    Inside the caller's transaction, which holds the line's row and is undone when this raises. Raises InUse where something else is going on with
    the line or its owner locked the account, and NoLongerOffered where the move was called off.
    """
    move = LineMove.objects.select_related("line__owner", "from_owner", "to_owner").get(pk=move_id)
    profile = movable_profile(move.line)
    if profile is None or move.to_owner is None or move.line.owner_id != move.from_owner_id:
        raise handing_over.InUse
    if move.to_owner.locked_at is not None:
        raise handing_over.InUse
    new_line = handing_over.hand_over(move.line, profile=profile, to=move.to_owner, now=now)
    due = Q(state=State.AGREED, moves_at__lte=now)
    if not _advance(move, source=due, state=State.DONE, new_line=new_line, ended_at=now, waits_for=""):
        raise NoLongerOffered
    move.refresh_from_db()
    leave_trace("line.given_away", move, actor=None, subject=move.from_owner, ip=None, now=now)
    leave_trace("line.received", move, actor=None, subject=move.to_owner, ip=None, now=now)
    sharing_notices.move_told(move, what="done", now=now)
    return move


def give_up(*, move: LineMove, now: datetime) -> bool:
    """Undo a move that could not be done for days; False where it was done or undone meanwhile."""
    with transaction.atomic():
        hold(move.line_id)
        if not _advance(move, source=Q(state=State.AGREED), state=State.UNDONE, ended_at=now):
            return False
        leave_trace("line.move_undone", move, actor=None, subject=move.from_owner, ip=None, now=now)
        sharing_notices.move_told(move, what="given_up", now=now)
    return True


def end_all(line: Line, *, now: datetime) -> None:
    """Call off what was offered or agreed for a line that goes elsewhere; the caller holds its row."""
    for move in LineMove.objects.under_way().filter(line=line).select_related("line", "from_owner", "to_owner"):
        LineMove.objects.filter(pk=move.pk).update(state=State.UNDONE, ended_at=now)
        leave_trace("line.move_undone", move, actor=None, subject=move.from_owner, ip=None, now=now)
        sharing_notices.move_told(move, what="given_up", now=now)


def movable_profile(line: Line) -> SimProfile | None:
    """Return what goes over with a line; None where something is going on with it, or it has no SIM."""
    if line.service_state != ServiceState.ACTIVE or line.service_change:
        return None
    if Replacement.objects.under_way().filter(line=line).exists():
        return None
    return SimProfile.objects.filter(line=line, is_current=True).first()


def _advance(move: LineMove, *, source: Q, **columns: object) -> bool:
    """Move it on, unless somebody has moved it meanwhile."""
    return bool(LineMove.objects.filter(source, pk=move.pk).update(**columns))


def end_old_offers(line: Line, *, now: datetime) -> None:
    old = LineMove.objects.filter(line=line, state=State.OFFERED, expires_at__lte=now)
    old.update(state=State.WITHDRAWN, ended_at=now)


def hold(line_id: int) -> Line:
    return Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=line_id)


def leave_trace(
    action: str, move: LineMove, *, actor: User | None, subject: User, ip: str | None, now: datetime
) -> None:
    """Leave a trace; who has the line is the former owner's to know by the address they wrote, and not more."""
    is_givers = subject.pk == move.from_owner_id
    target = move.line if is_givers or move.new_line is None else move.new_line
    detail = {"move": move.public_id, **({"email": move.to_email} if is_givers else {})}
    audit.record(actor=actor, subject=subject, action=action, target=target.public_id, detail=detail, ip=ip, now=now)
