"""Plans that are paid for and wait their turn on a line: seeing them, changing their places, starting one."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.db import transaction
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import LINES_READ, ORDERS_WRITE
from accounts.http import client_ip
from billing import purchases, queueing
from billing.models import QueuedPlan
from billing.queue_starting import EarlyStart, early_starts
from billing.queueing import CannotStart, NotWaiting
from billing.tasks import fulfil_order, nudge
from billing.turns import Turn, turns_of
from esim.models import Line
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.references import to_order, to_plan
from portal.api.refusals import not_found, refused
from portal.api.shapes import Reference, Shape, TimePeriod, Wish, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["queue"], by_alias=True)


class QueuedShape(Shape):
    """One plan of the queue, the next one first; its order is told to whoever bought it."""

    id: str
    order: Reference | None
    product_offering: Reference | None
    valid_for: TimePeriod
    has_begun: bool
    days_lost: Annotated[
        int | None, Field(description="Paid days that run twice if its owner starts it now; told to the owner.")
    ]

    @classmethod
    def of(cls, turn: Turn, *, request: ApiRequest, start: EarlyStart | None) -> "QueuedShape":
        queued = turn.queued
        order, plan = queued.order, queued.order.plan
        own = order.owner_id == request.owner.pk
        return cls(
            id=queued.public_id,
            order=to_order(order) if own else None,
            product_offering=to_plan(plan, name=turn.terms.label) if plan else None,
            valid_for=TimePeriod(start_date_time=turn.starts_at, end_date_time=turn.ends_at),
            has_begun=queued.state != QueuedPlan.State.WAITING,
            days_lost=start.days_lost if start else None,
        )


class MoveWish(Wish):
    to: Literal["earlier", "later"]


@router.get(
    "/{line_id}/queue",
    response={200: list[QueuedShape], **problems(404, 422)},
    auth=Needs(LINES_READ),
    url_name="queue",
)
def list_queue(request: ApiRequest, line_id: str) -> Any:
    """Return the plans that wait their turn on a line that you may buy for: its owner puts them in order.

    Order one with `queued`; giving it back takes it out.
    """
    line = purchases.find_line(public_id=line_id, buyer=request.owner)
    if line is None:
        raise not_found()
    return _queue(request, line)


@router.post(
    "/{line_id}/queue/{queued_id}/move",
    response={200: list[QueuedShape], **problems(400, 404, 409, 422)},
    auth=Needs(ORDERS_WRITE),
)
def move_queued(request: ApiRequest, line_id: str, queued_id: str, wish: MoveWish) -> Any:
    """Have a plan change places with the one before it or behind it; without a neighbour there, nothing changes."""
    line = own_line(request, line_id)
    try:
        queueing.swap(queued=_queued(line, queued_id), earlier=wish.to == "earlier")
    except NotWaiting as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-waiting", refusal.sentence) from None
    return _queue(request, line)


@router.post(
    "/{line_id}/queue/{queued_id}/start",
    response={200: list[QueuedShape], **problems(404, 409, 422)},
    auth=Needs(ORDERS_WRITE),
)
def start_queued(request: ApiRequest, line_id: str, queued_id: str) -> Any:
    """Start a plan before its turn, beside what runs: `daysLost` of it says what that costs."""
    line = own_line(request, line_id)
    queued = _queued(line, queued_id)
    try:
        queueing.start_now(queued=queued, actor=request.owner, ip=client_ip(request), now=timezone.now())
    except NotWaiting as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-waiting", refusal.sentence) from None
    except CannotStart as refusal:
        raise refused(HTTPStatus.CONFLICT, "cannot-start", refusal.sentence) from None
    transaction.on_commit(partial(nudge, fulfil_order, order_id=queued.order_id))
    return _queue(request, line)


def _queue(request: ApiRequest, line: Line) -> list[QueuedShape]:
    now = timezone.now()
    turns = turns_of([line.pk], now=now).get(line.pk, [])
    starts = early_starts(line, now=now) if turns and line.owner_id == request.owner.pk else {}
    return [QueuedShape.of(turn, request=request, start=starts.get(turn.queued.pk)) for turn in turns]


def _queued(line: Line, queued_id: str) -> QueuedPlan:
    rows = QueuedPlan.objects.filter(line=line).select_related("line")
    queued = rows.filter(public_id=queued_id).first() if is_public_id(queued_id) else None
    if queued is None:
        raise not_found()
    return queued
