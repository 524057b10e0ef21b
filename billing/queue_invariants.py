"""What must be true of queued plans; see `billing/invariants.py`."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from billing.models import Order, QueuedPlan
from billing.queueing import to_start

START_DEADLINE = timedelta(hours=1)
State = QueuedPlan.State


def waiting_plans_wait(_now: datetime) -> list[str]:
    """Nobody delivers what waits, and what does not wait is delivered or given back."""
    waiting = QueuedPlan.objects.filter(state=State.WAITING)
    over = Q(order__state__in=[Order.State.EXPIRED, Order.State.CANCELLED, Order.State.PENDING])
    in_hand = Q(order__fulfil_due_at__isnull=False) | Q(order__confirmed_at__isnull=False)
    delivered = waiting.exclude(over).filter(in_hand | ~Q(order__state=Order.State.PAID))
    asleep = QueuedPlan.objects.filter(state=State.STARTED, order__state=Order.State.PAID, order__fulfil_due_at=None)
    gone = [Order.State.REFUNDED, Order.State.EXPIRED, Order.State.CANCELLED]
    kept = QueuedPlan.objects.filter(state=State.CANCELLED).exclude(order__state__in=gone)
    strange = QueuedPlan.objects.exclude(line=F("order__line"))
    return [
        *(f"queued plan {one.public_id} waits, and its order is being delivered" for one in delivered),
        *(f"queued plan {one.public_id} has begun, and nobody delivers its order" for one in asleep),
        *(f"queued plan {one.public_id} is cancelled, and its order stands" for one in kept),
        *(f"queued plan {one.public_id} waits for another line than its order names" for one in strange),
    ]


def turns_are_taken(now: datetime) -> list[str]:
    due = to_start(now - START_DEADLINE).filter(order__paid_at__lt=now - START_DEADLINE)
    return [f"queued plan {one.public_id} should have begun" for one in due]
