"""One step of moving a line to another device: ask the carrier, outside any transaction, and write down its answer.

Whoever takes a step holds the row's lease. Without an answer the step stays, and is repeated under the same key.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.locks import AccountLocked, refuse_if_locked
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import DownloadState, Line, Replacement, SimProfile
from esim.profile_states import advance
from esim.replacing_notices import ask_support, tell
from esim.replacing_profiles import cancel, final_usage, new_profile, renew_code, swap
from esim.replacing_service import begin_resuming, finish_resuming, refuse_while_changing, serve_as_the_line_does
from esim.suspension import ChangeUnderWay
from esim.usage import INSTALLING_FOR

State = Replacement.State

LEASE = timedelta(minutes=6)  # longer than a task may run
ASK_AGAIN = timedelta(minutes=5)
INSTALL_WITHIN = timedelta(days=30)
GIVE_UP_AFTER = timedelta(hours=1)
"""After an error: news of a device that tried again may come late."""

UNDO_WITHIN = timedelta(hours=1)
"""How long the old profile is kept after the line went over."""

ON_DEVICE = frozenset({DownloadState.INSTALLED, DownloadState.ENABLED})


def take_step(replacement: Replacement, *, carrier: Carrier, now: datetime) -> None:
    """Take the next step of a replacement under lease; a lost answer or a lock puts it off."""
    try:
        STEPS[State(replacement.state)](replacement, carrier, now)
    except (OutcomeUnknown, ChangeUnderWay, AccountLocked):
        _record(replacement, state=State(replacement.state), look_at=now + ASK_AGAIN, now=now)


def is_online(replacement: Replacement, *, carrier: Carrier) -> bool:
    """Tell whether the new profile was seen on its device, as closely as this carrier can tell.

    Where the same code is used once more no line has to move, and a network may tell of an eSIM being switched on
    once in its life only.
    """
    profile = _new(replacement)
    if carrier.capabilities.enable_events and not replacement.same_code:
        return profile.download_state == DownloadState.ENABLED
    return profile.download_state in ON_DEVICE


def _order(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    refuse_if_locked(replacement.line.owner)
    try:
        if replacement.same_code:
            profile = renew_code(replacement, carrier=carrier, now=now)
        else:
            profile = new_profile(replacement, carrier=carrier, now=now)
    except CarrierRefused as error:
        _fail(replacement, problem=error.reason, now=now)
    else:
        _record(replacement, state=State.TO_INSTALL, look_at=now, now=now, new_profile=profile)


def _await_device(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    profile = _new(replacement)
    _poll(profile, carrier=carrier, now=now)
    if is_online(replacement, carrier=carrier):
        _go_over(replacement, now=now)
    elif profile.download_state == DownloadState.ERROR and now >= (profile.state_changed_at or now) + GIVE_UP_AFTER:
        _record(replacement, state=State.UNDOING, look_at=now, now=now, problem=profile.problem or "download_failed")
    elif now >= replacement.created_at + INSTALL_WITHIN:
        _record(replacement, state=State.UNDOING, look_at=now, now=now, problem="not_installed")
    else:
        able, shown_at = carrier.capabilities, profile.code_shown_at
        is_installing = shown_at is not None and now < shown_at + INSTALLING_FOR
        pause = able.poll_installing_every if is_installing else able.poll_every
        _record(replacement, state=State.TO_INSTALL, look_at=now + pause, now=now)


def _go_over(replacement: Replacement, *, now: datetime) -> None:
    """Commit that the line goes over, unless the network is being asked about it, or its owner locked the account."""
    if replacement.same_code:
        _conclude(replacement, state=State.DONE, what="done", now=now)
        return
    with transaction.atomic():
        line = Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=replacement.line_id)
        refuse_if_locked(line.owner)
        if line.service_change:
            raise ChangeUnderWay
        _record(replacement, state=State.MOVING, look_at=now, now=now)


def _move(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    old, new = replacement.old_profile, _new(replacement)
    key = replacement.public_id
    try:
        carrier.move(key=f"{key}:move", from_iccid=old.iccid, to_iccid=new.iccid)
    except CarrierRefused as error:
        _record(replacement, state=State.UNDOING, look_at=now, now=now, problem=error.reason[:200])
        return
    serve_as_the_line_does(replacement, new, carrier=carrier)
    with transaction.atomic():
        if _record(replacement, state=State.ONLINE, look_at=now, now=now):
            swap(replacement.line, to=new, now=now)
            begin_resuming(replacement, now=now)
            _audit(replacement, "line.moved_to_new_profile", now=now)
            tell(replacement, what="moved", now=now)


def _keep_for_undoing(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    try:
        finish_resuming(replacement, carrier=carrier, now=now)
    except CarrierRefused as error:
        _record_problem(replacement, error.reason)
    is_lost = replacement.reason == Replacement.Reason.LOST
    undo_until = replacement.moved_at + (timedelta() if is_lost else UNDO_WITHIN)
    if now < undo_until:
        _record(replacement, state=State.ONLINE, look_at=undo_until, now=now)
        return
    refuse_if_locked(replacement.line.owner)
    _record(replacement, state=State.ENDING, look_at=now, now=now)


def _end_old(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    final_usage(replacement, carrier=carrier, now=now)
    cancel(replacement.old_profile, key=f"{replacement.public_id}:end", carrier=carrier, now=now)
    _conclude(replacement, state=State.DONE, what="done", now=now)


def _undo(replacement: Replacement, carrier: Carrier, now: datetime) -> None:
    if not replacement.same_code:
        new = _new(replacement)
        if new.is_current and not _move_back(replacement, new, carrier=carrier, now=now):
            return
        cancel(new, key=f"{replacement.public_id}:undo", carrier=carrier, now=now)
    if replacement.problem:
        _fail(replacement, problem=replacement.problem, now=now)
    else:
        _conclude(replacement, state=State.UNDONE, what="undone", now=now)


def _move_back(replacement: Replacement, new: SimProfile, *, carrier: Carrier, now: datetime) -> bool:
    old, key = replacement.old_profile, replacement.public_id
    refuse_while_changing(replacement)
    try:
        carrier.move(key=f"{key}:back", from_iccid=new.iccid, to_iccid=old.iccid)
    except CarrierRefused as error:
        # It works where it is; whoever wanted it back is told on the page, and can ask support.
        problem = error.reason[:200]
        _record(replacement, state=State.ONLINE, look_at=now + UNDO_WITHIN, now=now, problem=problem)
        return False
    serve_as_the_line_does(replacement, old, carrier=carrier)
    with transaction.atomic():
        held = Replacement.objects.filter(pk=replacement.pk, state=State.UNDOING, look_at=replacement.look_at)
        if not held.select_for_update().exists():
            return False
        swap(replacement.line, to=old, now=now)
        _audit(replacement, "line.moved_back", now=now)
    new.refresh_from_db()
    return True


def _poll(profile: SimProfile, *, carrier: Carrier, now: datetime) -> None:
    if profile.download_state in ON_DEVICE and not carrier.capabilities.enable_events:
        return
    try:
        status = carrier.profile_status(iccid=profile.iccid, now=now)
    except (CarrierRefused, OutcomeUnknown):
        return  # Where it can't be asked, its own news tell.
    advance(profile=profile, status=status, now=now)
    profile.refresh_from_db()


def _new(replacement: Replacement) -> SimProfile:
    if replacement.new_profile is None:
        raise LookupError(f"{replacement.public_id} has no new profile.")
    return replacement.new_profile


def _conclude(replacement: Replacement, *, state: State, what: str, now: datetime, **columns: Any) -> None:
    with transaction.atomic():
        if _record(replacement, state=state, look_at=None, now=now, ended_at=now, **columns):
            _audit(replacement, ENDINGS[state], now=now)
            tell(replacement, what=what, now=now)
            if state == State.FAILED:
                ask_support(replacement, now=now)


def _fail(replacement: Replacement, *, problem: str, now: datetime) -> None:
    _conclude(replacement, state=State.FAILED, what="failed", now=now, problem=problem[:200])


def _record(replacement: Replacement, *, state: State, look_at: datetime | None, now: datetime, **columns: Any) -> bool:
    """Write the outcome of a step, unless somebody else took the row over, or undid it, meanwhile."""
    mine = Replacement.objects.filter(pk=replacement.pk, state=replacement.state, look_at=replacement.look_at)
    if state != replacement.state:
        columns["moved_at"] = now
    if not mine.update(state=state, look_at=look_at, **columns):
        return False
    replacement.refresh_from_db()
    return True


def _record_problem(replacement: Replacement, problem: str) -> None:
    Replacement.objects.filter(pk=replacement.pk).update(problem=problem[:200])


def _audit(replacement: Replacement, action: str, *, now: datetime) -> None:
    line = replacement.line
    detail = {"replacement": replacement.public_id}
    audit.record(actor=None, subject=line.owner, action=action, target=line.public_id, detail=detail, now=now)


ENDINGS = {
    State.DONE: "line.replaced",
    State.UNDONE: "line.replacement_undone",
    State.FAILED: "line.replacement_failed",
}
STEPS: dict[State, Callable[[Replacement, Carrier, datetime], None]] = {
    State.ORDERING: _order,
    State.TO_INSTALL: _await_device,
    State.MOVING: _move,
    State.ONLINE: _keep_for_undoing,
    State.ENDING: _end_old,
    State.UNDOING: _undo,
}
