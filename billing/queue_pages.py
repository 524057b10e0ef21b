"""What the pages about queued plans show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from billing.models import Order, QueuedPlan
from billing.turns import Turn, rests, turns_of
from esim import allowances
from esim.models import Allowance, Line
from plans.terms import PlanTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One plan of the queue, and what the reader may do with it."""

    turn: Turn
    number: int
    can_go_up: bool
    can_go_down: bool
    can_start: bool
    can_cancel: bool

    @property
    def has_begun(self) -> bool:
        """Whether its turn has come, and the network is being asked."""
        return self.turn.queued.state == QueuedPlan.State.STARTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What runs on a line, what waits, and the orders that are not paid yet."""

    running: Sequence[Allowance]
    places: Sequence[Place]
    unpaid: Sequence[Order]
    is_resting: bool

    @property
    def can_add(self) -> bool:
        return bool(self.running or self.places)


def queue_of(line: Line, *, reader: User, now: datetime) -> Queue:
    """Return the queue of a line as somebody sees it: its owner puts it in order, who bought cancels."""
    turns = turns_of([line.pk], now=now).get(line.pk, [])
    waiting = [turn for turn in turns if turn.queued.state == QueuedPlan.State.WAITING]
    is_owner = line.owner_id == reader.pk
    pending = QueuedPlan.objects.filter(line=line, order__state=Order.State.PENDING, order__owner=reader)
    plans = Allowance.objects.filter(line=line, is_data_pack=False).not_ended(now).select_related("sold")
    return Queue(
        running=list(plans.in_burn_order()),
        places=[
            Place(
                turn=turn,
                number=number,
                can_go_up=is_owner and turn in waiting[1:],
                can_go_down=is_owner and turn in waiting[:-1],
                can_start=is_owner and turn in waiting,
                can_cancel=turn in waiting and turn.queued.order.owner_id == reader.pk,
            )
            for number, turn in enumerate(turns, start=1)
        ],
        unpaid=[one.order for one in pending.select_related("order").order_by("position")],
        is_resting=rests(line),
    )


def next_turn(*, line: Line, terms: PlanTerms, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when a plan would last that is put at the end of the queue."""
    ahead = [(turn.starts_at, turn.ends_at) for turn in turns_of([line.pk], now=now).get(line.pk, [])]
    return allowances.periods_after(line=line, plans=[terms], begins_at=now, beside=ahead)[0]


def turn_of(order: Order, *, now: datetime) -> Turn | None:
    """Return when a paid order has its turn; None where it doesn't wait."""
    if not order.waits_its_turn or order.line_id is None:
        return None
    turns = turns_of([order.line_id], now=now).get(order.line_id, [])
    return next((turn for turn in turns if turn.queued.order_id == order.pk), None)
