"""What the owner of a line may have done to its service, and doing it from a page."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum, auto

from django.contrib import messages
from django.utils.translation import gettext as _

from accounts import audit
from accounts.http import SubscriberRequest, client_ip
from esim import carriers, suspension
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line, ServiceState, SuspendedFor
from esim.suspension import CannotSuspend, ChangeUnderWay
from portal.lib.public_ids import make_public_id


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


def suspend_for_owner(request: SubscriberRequest, line: Line, *, now: datetime) -> bool:
    def ask(key: str) -> bool:
        return suspension.suspend(line=line, why=SuspendedFor.OWNER, key=key, carrier=carriers.chosen(), now=now)

    return _change(request, line, ask, now=now, action="line.suspended_by_owner")


def resume_for_owner(request: SubscriberRequest, line: Line, *, now: datetime) -> bool:
    def ask(key: str) -> bool:
        return suspension.resume(line=line, why=SuspendedFor.OWNER, key=key, carrier=carriers.chosen(), now=now)

    return _change(request, line, ask, now=now, action="line.resumed_by_owner")


def terminate_for_owner(request: SubscriberRequest, line: Line, *, now: datetime) -> bool:
    def ask(key: str) -> bool:
        return suspension.terminate(line=line, key=key, carrier=carriers.chosen(), now=now)

    return _change(request, line, ask, now=now, action="line.termination_asked")


def _general(line: Line) -> Obstacle | None:
    if line.service_state == ServiceState.TERMINATED:
        return Obstacle.ENDED
    if line.service_state == ServiceState.PENDING:
        return Obstacle.NOT_SET_UP
    if line.service_change:
        return Obstacle.UNDER_WAY
    is_staffs = line.is_suspended and line.suspended_for == SuspendedFor.STAFF
    return Obstacle.BY_STAFF if is_staffs else None


def _change(request: SubscriberRequest, line: Line, ask: Callable[[str], bool], *, now: datetime, action: str) -> bool:
    """Ask the carrier, leave a trace, and tell on the next page; True unless nothing will come of it."""
    try:
        done = ask(make_public_id("svc"))
    except (CannotSuspend, ChangeUnderWay) as error:
        messages.error(request, error.sentence)
        return False
    except CarrierRefused:
        messages.error(request, _("The network refused. Nothing was changed; ask for help with this line."))
        return False
    except OutcomeUnknown:
        messages.warning(request, _("The network has not answered yet. It is asked again by itself; we write to you."))
        done = True
    if done:
        user = request.user
        audit.record(
            actor=user, subject=line.owner, action=action, target=line.public_id, ip=client_ip(request), now=now
        )
    return done
