"""Moving a line to another device: the wish, taking it back, and taking it further until it is done.

The old profile works until the new one was seen online, and is ended last. `begin`, `undo` and `end_old_now` commit
what is wanted; `carry_on` takes it as far as it goes now, and `follow` finds what anybody left behind.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import audit, cool_off
from accounts.locks import refuse_if_locked
from accounts.models import User
from esim.carriers.base import Carrier
from esim.models import Line, Replacement, ServiceState, SimProfile, SuspendedFor
from esim.replacing_notices import tell
from esim.replacing_steps import LEASE, take_step
from esim.replacing_ways import Way, way_of
from esim.suspension import ChangeUnderWay

logger = logging.getLogger(__name__)

State = Replacement.State
MOST_STEPS = 8


class CannotReplace(Exception):
    sentence = _("This line cannot be moved to another device now. Nothing was changed.")


class NotInService(CannotReplace):
    sentence = _("This line is not in service. Put it back into service first, then move it.")


class OnlyBySupport(CannotReplace):
    sentence = _("The network of this line cannot move it by itself. Support does it for you.")


class CoolingOff(cool_off.CoolingOff, CannotReplace):
    pass


class TooLateToUndo(CannotReplace):
    sentence = _("That can’t be undone any more, or is being worked on right now. Look again in a minute.")


def begin(
    *, line: Line, reason: Replacement.Reason, eid: str, asked_by: User, carrier: Carrier, ip: str | None, now: datetime
) -> Replacement:
    """Commit that a line is to move, and return it; with one under way already, that one.

    Raises AccountLocked, CannotReplace, ChangeUnderWay.
    """
    refuse_if_locked(asked_by)
    if until := cool_off.until(asked_by, now):
        raise CoolingOff(until)
    way = way_of(capabilities=carrier.capabilities, line=line, reason=reason)
    if way == Way.BY_SUPPORT:
        raise OnlyBySupport
    with transaction.atomic():
        locked = _lock(line)
        if under_way := Replacement.objects.filter(line=locked).under_way().first():
            return under_way
        replacement = Replacement.objects.create(
            line=locked,
            asked_by=asked_by,
            reason=reason,
            same_code=way == Way.SAME_CODE,
            eid=eid,
            old_profile=_movable_profile(locked),
            look_at=now,
            created_at=now,
            moved_at=now,
        )
        detail = {"reason": str(reason), "replacement": replacement.public_id}
        audit.record(
            actor=asked_by,
            subject=locked.owner,
            action="line.replacement_begun",
            target=locked.public_id,
            detail=detail,
            ip=ip,
            now=now,
        )
        tell(replacement, what="begun", now=now)
    return replacement


def undo(*, replacement: Replacement, asked_by: User, ip: str | None, now: datetime) -> None:
    """Commit that a line stays where it was; raises AccountLocked, TooLateToUndo.

    What was lost does not get its line back.
    """
    refuse_if_locked(asked_by)
    moved_and_there = Q(state=State.ONLINE) & ~Q(reason=Replacement.Reason.LOST)
    undoable = Replacement.objects.filter(Q(state=State.TO_INSTALL) | moved_and_there, pk=replacement.pk)
    with _on_record(replacement, action="line.replacement_undo_asked", asked_by=asked_by, ip=ip, now=now):
        if not undoable.update(state=State.UNDOING, look_at=now, moved_at=now):
            raise TooLateToUndo


def end_old_now(*, replacement: Replacement, asked_by: User, ip: str | None, now: datetime) -> None:
    """Commit that the old profile is ended before the time to undo is over; raises AccountLocked, TooLateToUndo."""
    refuse_if_locked(asked_by)
    with _on_record(replacement, action="line.replacement_confirmed", asked_by=asked_by, ip=ip, now=now):
        online = Replacement.objects.filter(pk=replacement.pk, state=State.ONLINE)
        if not online.update(state=State.ENDING, look_at=now, moved_at=now):
            raise TooLateToUndo


def is_undoable(replacement: Replacement) -> bool:
    if replacement.state == State.ONLINE:
        return replacement.reason != Replacement.Reason.LOST
    return replacement.state == State.TO_INSTALL


def follow(*, carrier: Carrier, now: datetime, limit: int) -> int:
    """Take further what is under way, and return how many were looked at; one that fails does not stop the others."""
    due = list(Replacement.objects.to_look_at(now).values_list("pk", flat=True)[:limit])
    for pk in due:
        try:
            carry_on(replacement_id=pk, carrier=carrier, now=now)
        except Exception:
            logger.exception("Replacement %s was not taken further; it is when its lease ends", pk)
    return len(due)


def carry_on(*, replacement_id: int, carrier: Carrier, now: datetime) -> Replacement:
    """Take a replacement as far as it goes now. Each step waits for the carrier outside any transaction."""
    for _step in range(MOST_STEPS):
        replacement = _claim(replacement_id, now=now)
        if replacement is None:
            break
        state = replacement.state
        take_step(replacement, carrier=carrier, now=now)
        if replacement.state == state:
            break
    return Replacement.objects.select_related("line__owner", "old_profile", "new_profile").get(pk=replacement_id)


def _claim(replacement_id: int, *, now: datetime) -> Replacement | None:
    """Take it for the length of a lease, or return None where somebody has it, or nothing is due."""
    due = Replacement.objects.to_look_at(now).filter(pk=replacement_id)
    found = due.select_related("line__owner", "old_profile", "new_profile").first()
    if found is None:
        return None
    mine = Replacement.objects.filter(pk=found.pk, state=found.state, look_at=found.look_at)
    if not mine.update(look_at=now + LEASE):
        return None
    found.look_at = now + LEASE
    return found


def _lock(line: Line) -> Line:
    """Hold the line's row: suspending and ending it begin under the same lock."""
    return Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=line.pk)


def _movable_profile(line: Line) -> SimProfile:
    if line.service_change:
        raise ChangeUnderWay
    is_suspended = line.service_state == ServiceState.SUSPENDED and line.suspended_for == SuspendedFor.OWNER
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None or not (line.service_state == ServiceState.ACTIVE or is_suspended):
        raise NotInService
    return profile


@contextmanager
def _on_record(
    replacement: Replacement, *, action: str, asked_by: User, ip: str | None, now: datetime
) -> Iterator[None]:
    """Leave a trace of what is done inside, in the same transaction."""
    line = replacement.line
    with transaction.atomic():
        yield
        detail = {"replacement": replacement.public_id}
        audit.record(
            actor=asked_by,
            subject=line.owner,
            action=action,
            target=line.public_id,
            detail=detail,
            ip=ip,
            now=now,
        )
