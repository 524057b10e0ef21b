"""Suspending a line, for example because it is lost, and putting it back into service."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import LINES_READ, SERVICE_WRITE
from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from esim import carriers, owner_service
from esim.models import Line, ServiceState, SuspendedFor
from esim.owner_service import Asked, NotChanged, Obstacle
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.refusals import refused
from portal.api.shapes import Shape, problems

router = Router(tags=["lines"], by_alias=True)

WORDS = {
    Obstacle.UNDER_WAY: "The network is being asked about this line right now. Try again in a few minutes.",
    Obstacle.UNPAID: "The line is suspended until it is renewed. Pay its next plan.",
    Obstacle.BY_STAFF: "Support suspended this line, and only support can put it back into service.",
    Obstacle.ENDED: "This line is terminated.",
    Obstacle.NOT_SET_UP: "The network is preparing this line. There is nothing to change yet.",
    Obstacle.NOT_SUSPENDED: "This line is not suspended.",
    Obstacle.SUSPENDED: "This line is suspended already.",
    Obstacle.UNABLE: "The network of this line cannot suspend it.",
}


class ServiceShape(Shape):
    """How the service of a line stands, and what its owner can do about it."""

    service_state: str
    change: Annotated[str | None, Field(description="What the network is being asked; until it answers nobody knows.")]
    changed_at: datetime | None
    suspended_for: Annotated[str | None, Field(description="unpaid, owner or staff")]
    can_suspend: bool
    can_resume: bool

    @classmethod
    def of(cls, line: Line) -> "ServiceShape":
        return cls(
            service_state=line.service_state,
            change=line.service_change or None,
            changed_at=line.service_change_at,
            suspended_for=line.suspended_for or None,
            can_suspend=owner_service.may_suspend(line, carrier=carriers.chosen()),
            can_resume=owner_service.obstacle_to_resuming(line) is None,
        )


@router.get(
    "/{line_id}/service",
    response={200: ServiceShape, **problems(404, 422)},
    auth=Needs(LINES_READ),
    url_name="service",
)
def get_service(request: ApiRequest, line_id: str) -> Any:
    """Return how the service of a line of yours stands."""
    return ServiceShape.of(own_line(request, line_id))


@router.post(
    "/{line_id}/suspend",
    response={200: ServiceShape, **problems(404, 409, 422)},
    auth=Needs(SERVICE_WRITE),
    url_name="suspend",
)
def suspend_line(request: ApiRequest, line_id: str) -> Any:
    """Take a line out of service: no calls, SMS or data. Suspended by you already, nothing changes."""
    line = own_line(request, line_id)
    obstacle = owner_service.obstacle_to_suspending(line, carrier=carriers.chosen())
    is_done = line.service_state == ServiceState.SUSPENDED and line.suspended_for == SuspendedFor.OWNER
    if not (obstacle == Obstacle.SUSPENDED and is_done):
        _change(request, line, owner_service.suspend_for_owner, obstacle=obstacle)
    return ServiceShape.of(own_line(request, line_id))


@router.post(
    "/{line_id}/resume",
    response={200: ServiceShape, **problems(404, 409, 422)},
    auth=Needs(SERVICE_WRITE),
    url_name="resume",
)
def resume_line(request: ApiRequest, line_id: str) -> Any:
    """Put back into service what you suspended. In service already, nothing changes."""
    line = own_line(request, line_id)
    obstacle = owner_service.obstacle_to_resuming(line)
    if not (obstacle == Obstacle.NOT_SUSPENDED and line.service_state == ServiceState.ACTIVE):
        _change(request, line, owner_service.resume_for_owner, obstacle=obstacle)
    return ServiceShape.of(own_line(request, line_id))


def _change(request: ApiRequest, line: Line, change: Callable[..., Asked], *, obstacle: Obstacle | None) -> None:
    """Have a line changed; without an answer of the network it stays under way, and is asked for again by itself."""
    if obstacle is not None:
        raise refused(HTTPStatus.CONFLICT, "cannot-change-service", WORDS[obstacle])
    refuse_if_locked(request.owner)
    try:
        change(line, actor=request.owner, ip=client_ip(request), now=timezone.now())
    except NotChanged as refusal:
        raise refused(HTTPStatus.CONFLICT, "cannot-change-service", refusal.sentence) from None
