"""What the owner of a line may have done to its service, and having it done."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum, auto
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from esim import carriers, suspension
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line, ServiceState, SuspendedFor
from esim.suspension import CannotSuspend, ChangeUnderWay
from portal.lib.public_ids import make_public_id

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class NotChanged(Exception):
    """The line stays as it is; `sentence` says why."""

    def __init__(self, sentence: "_StrPromise") -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Asked(StrEnum):
    """What came of asking the network."""

    DONE = auto()
    NOTHING = auto()  # it was so already, or somebody else's word counts
    UNANSWERED = auto()  # it is asked again by itself


class Obstacle(StrEnum):
    """Why a line's owner can't change its service now."""

    UNDER_WAY = auto()
    UNPAID = auto()  # payment puts it back into service
    BY_STAFF = auto()
    ENDED = auto()
    NOT_SET_UP = auto()
    NOT_SUSPENDED = auto()
    SUSPENDED = auto()
    UNABLE = auto()  # this network suspends nobody


def obstacle_to_suspending(line: Line, *, carrier: Carrier) -> Obstacle | None:
    if line.service_state == ServiceState.SUSPENDED and not line.service_change:
        return Obstacle.SUSPENDED
    return _general(line) or (None if carrier.capabilities.suspension else Obstacle.UNABLE)


def obstacle_to_resuming(line: Line) -> Obstacle | None:
    if obstacle := _general(line):
        return obstacle
    if line.service_state != ServiceState.SUSPENDED:
        return Obstacle.NOT_SUSPENDED
    return Obstacle.UNPAID if line.is_suspended_unpaid else None


def obstacle_to_ending(line: Line) -> Obstacle | None:
    return _general(line)


def may_suspend(line: Line, *, carrier: Carrier) -> bool:
    return obstacle_to_suspending(line, carrier=carrier) is None


def suspend_for_owner(line: Line, *, actor: User, ip: str | None, now: datetime) -> Asked:
    """Take a line out of service, for example because it is lost; raises NotChanged."""

    def ask(key: str) -> bool:
        return suspension.suspend(line=line, why=SuspendedFor.OWNER, key=key, carrier=carriers.chosen(), now=now)

    return _change(line, ask, action="line.suspended_by_owner", actor=actor, ip=ip, now=now)


def resume_for_owner(line: Line, *, actor: User, ip: str | None, now: datetime) -> Asked:
    """Put back into service what its owner suspended; raises NotChanged."""

    def ask(key: str) -> bool:
        return suspension.resume(line=line, why=SuspendedFor.OWNER, key=key, carrier=carriers.chosen(), now=now)

    return _change(line, ask, action="line.resumed_by_owner", actor=actor, ip=ip, now=now)


def terminate_for_owner(line: Line, *, actor: User, ip: str | None, now: datetime) -> Asked:
    """End a line for good; raises NotChanged."""

    def ask(key: str) -> bool:
        return suspension.terminate(line=line, key=key, carrier=carriers.chosen(), now=now)

    return _change(line, ask, action="line.termination_asked", actor=actor, ip=ip, now=now)


def _general(line: Line) -> Obstacle | None:
    if line.service_state == ServiceState.TERMINATED:
        return Obstacle.ENDED
    if line.service_state == ServiceState.PENDING:
        return Obstacle.NOT_SET_UP
    if line.service_change:
        return Obstacle.UNDER_WAY
    is_staffs = line.is_suspended and line.suspended_for == SuspendedFor.STAFF
    return Obstacle.BY_STAFF if is_staffs else None


def _change(
    line: Line, ask: Callable[[str], bool], *, action: str, actor: User, ip: str | None, now: datetime
) -> Asked:
    """Ask the carrier, and leave a trace unless nothing will come of it."""
    try:
        asked = Asked.DONE if ask(make_public_id("svc")) else Asked.NOTHING
    except (CannotSuspend, ChangeUnderWay) as error:
        raise NotChanged(error.sentence) from error
    except CarrierRefused as error:
        refused = _("The network refused. Nothing was changed; ask for help with this line.")
        raise NotChanged(refused) from error
    except OutcomeUnknown:
        asked = Asked.UNANSWERED
    if asked != Asked.NOTHING:
        audit.record(actor=actor, subject=line.owner, action=action, target=line.public_id, ip=ip, now=now)
    return asked
