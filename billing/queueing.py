"""Plans that are bought for later: they wait in a row, change places, and begin when the plans before them end.

Whoever decides about one holds the line's row, and moves its state on by a conditional UPDATE.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import Dispute, Order, OrderQuerySet, QueuedPlan, QueuedPlanQuerySet
from billing.turns import rests
from esim.models import Allowance, Line, ServiceState, SuspendedFor
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.one_by_one import one_by_one
from portal.lib.periods import boundary
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

AHEAD = timedelta(hours=1)
"""How long before its time a plan is given to the network, so that an outage of some minutes leaves no gap."""

BATCH = 500
State = QueuedPlan.State


class NotWaiting(Exception):
    """It has begun, or was cancelled, meanwhile."""

    sentence = _("This plan does not wait any more: it has begun, or was cancelled. Nothing was changed.")


class CannotStart(Exception):
    """It can't begin at this moment."""

    sentence = _("A purchase for this line is under way. Try again when it is finished.")


class LineRests(CannotStart):
    sentence = _("You suspended this line. Put it back into service first; the plan then begins.")


def append(order: Order, *, line: Line, now: datetime) -> QueuedPlan:
    """Put an order at the end of its line's queue; runs inside the transaction that writes the order."""
    hold(line)
    last = QueuedPlan.objects.filter(line=line).aggregate(last=Max("position"))["last"]
    return QueuedPlan.objects.create(line=line, order=order, position=(last or 0) + 1, created_at=now)


def hold(line: Line) -> None:
    """Keep others from deciding about what is queued for a line until the transaction ends."""
    list(Line.objects.select_for_update(of=("self",)).filter(pk=line.pk))


def swap(*, queued: QueuedPlan, earlier: bool) -> bool:
    """Have a waiting plan change places with its neighbour; return False where it has none on that side."""
    with transaction.atomic():
        hold(queued.line)
        row = list(QueuedPlan.objects.waiting().filter(line=queued.line).order_by("position"))
        here = next((number for number, one in enumerate(row) if one.pk == queued.pk), None)
        if here is None:
            raise NotWaiting
        there = here - 1 if earlier else here + 1
        if not 0 <= there < len(row):
            return False
        one, other = row[here], row[there]
        # Through a place that nobody has: the constraint looks at each statement.
        _put(one, -one.pk)
        _put(other, one.position)
        _put(one, other.position)
    return True


def _put(queued: QueuedPlan, position: int) -> None:
    QueuedPlan.objects.filter(pk=queued.pk).update(position=position)


def startable() -> QueuedPlanQuerySet:
    """Those that may begin at all: not on a line that is closed or rests, nor with a payment that a bank looks into."""
    disputed = Dispute.objects.exclude(state=Dispute.State.WON).filter(charge__order=OuterRef("order"))
    resting = Q(line__service_state=ServiceState.SUSPENDED, line__suspended_for=SuspendedFor.OWNER)
    waiting = QueuedPlan.objects.waiting().exclude(line__service_state=ServiceState.TERMINATED).exclude(resting)
    return waiting.filter(~Exists(disputed))


def to_start(now: datetime) -> QueuedPlanQuerySet:
    """The first of each line whose plans are over, or nearly, and for which no other plan is being delivered."""
    first = startable().filter(line=OuterRef("line"), position__lt=OuterRef("position"))
    paid = Allowance.objects.standing().filter(line=OuterRef("line"), is_data_pack=False, ends_at__gt=now + AHEAD)
    return startable().filter(~Exists(first.order_by()), ~Exists(paid), ~Exists(_under_way()))


def _under_way() -> OrderQuerySet:
    plans = Order.objects.filter(line=OuterRef("line")).exclude(plan__kind=Plan.Kind.DATA_PACK)
    in_hand = Q(state=Order.State.PAID, fulfil_due_at__isnull=False)
    return plans.filter(in_hand | Q(state__in=[Order.State.FULFILLING, Order.State.TAKING_BACK]))


def start_due(*, now: datetime, in_time: InTime = always) -> list[int]:
    """Let begin what has its turn, and return the ids of the orders that are to be delivered now."""
    due = (one for one in to_start(now).select_related("line").order_by("pk")[:BATCH] if in_time())
    started = one_by_one(
        due,
        lambda queued: _start_if_due(queued, now=now),
        what="Starting a queued plan",
        about=lambda queued: {"line": queued.line},
    )
    return [order_id for order_id in started if order_id]


@transaction.atomic
def _start_if_due(queued: QueuedPlan, *, now: datetime) -> int | None:
    hold(queued.line)
    # First the lock, then the look: something may have been bought for the line, or the places changed.
    if not to_start(now).filter(pk=queued.pk).exists():
        return None
    return queued.order_id if _start(queued, now=now) else None


def start_now(*, queued: QueuedPlan, actor: User, ip: str | None, now: datetime) -> None:
    """Let a waiting plan begin before its turn, beside what runs; raises NotWaiting and CannotStart."""
    with transaction.atomic():
        hold(queued.line)
        line = Line.objects.select_related("owner").get(pk=queued.line_id)
        order = Order.objects.select_related("owner").get(pk=queued.order_id)
        if rests(line):
            raise LineRests
        if QueuedPlan.objects.filter(pk=queued.pk).filter(Exists(_under_way())).exists():
            raise CannotStart
        if not startable().filter(pk=queued.pk).exists():
            raise NotWaiting
        ends_at = boundary(now, PlanTerms.from_json(order.plan_terms).period, 1, line.zone)
        if not _start(queued, now=now, by_wish=True, starts_at=now, ends_at=ends_at):
            raise NotWaiting
        audit.record(actor=actor, subject=line.owner, action="queue.started", target=order.public_id, ip=ip, now=now)


def _start(queued: QueuedPlan, *, now: datetime, by_wish: bool = False, **period: datetime) -> bool:
    decided = QueuedPlan.objects.filter(pk=queued.pk, state=State.WAITING)
    if not decided.update(state=State.STARTED, by_wish=by_wish, decided_at=now):
        return False
    paid = Order.objects.filter(pk=queued.order_id, state=Order.State.PAID, fulfil_due_at__isnull=True)
    if not paid.update(fulfil_due_at=now, **period):
        raise NotWaiting  # undone with the transaction
    return True
