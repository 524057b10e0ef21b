"""Doing what two people agreed to: a line goes to another account as soon as nothing is being bought for it.

1. Orders of that line that wait for payment are called off at their gateways, outside any transaction.
2. With the line's row held, what is under way is looked for again, and the line is handed over in that transaction.

What waits its turn in the queue of the line is cancelled, and given back, by the tick of the queue; what renews or
buys by itself ends with the line (`closed_lines`).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from billing import expiry
from billing.gateways.base import Gateways
from billing.models import Order, QueuedPlan, Subscription, TopUpRule
from esim import moving_lines
from esim.handing_over import InUse
from esim.models import Line, LineMove
from esim.moving_lines import NoLongerOffered
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

LOOK_AGAIN = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=14)
"""From the yes on: whoever agreed so long ago does not expect it any more."""
BATCH = 50


class BeingBoughtFor(Exception):
    """An order for the line is being paid, delivered or taken back."""


def move_due(*, gateways: Gateways, now: datetime, in_time: InTime = always) -> int:
    """Hand over the lines whose cool-off is over and return how many; one that fails does not stop the others."""
    due = (move for move in LineMove.objects.due(now).select_related("line")[:BATCH] if in_time())
    looked_at = one_by_one(
        due,
        lambda move: _move(move, gateways=gateways, now=now),
        what="Moving a line to another account",
        about=lambda move: {"line": move.line},
    )
    return sum(looked_at)


def _move(move: LineMove, *, gateways: Gateways, now: datetime) -> bool:
    if move.agreed_at and now > move.agreed_at + GIVE_UP_AFTER:
        moving_lines.give_up(move=move, now=now)
        return False
    for order in Order.objects.filter(line=move.line_id, state=Order.State.PENDING).select_related("owner"):
        expiry.cancel_order(order=order, gateways=gateways, now=now)
    try:
        with transaction.atomic():
            _refuse_while_bought_for(Line.objects.select_for_update().get(pk=move.line_id))
            moving_lines.hand(move_id=move.pk, now=now)
    except (BeingBoughtFor, InUse) as obstacle:
        waiting = LineMove.objects.filter(pk=move.pk, state=LineMove.State.AGREED)
        waiting.update(moves_at=now + LOOK_AGAIN, waits_for=type(obstacle).__name__)
        return False
    except NoLongerOffered:
        return False
    return True


def _refuse_while_bought_for(line: Line) -> None:
    if is_being_bought_for(line):
        raise BeingBoughtFor


def is_being_bought_for(line: Line) -> bool:
    """Tell whether money, or a plan, is on its way to this line; what waits its turn in its queue is not."""
    queued = QueuedPlan.objects.waiting().filter(line=line).values("order")
    moving = Q(state__in=[*Order.State.IN_FLIGHT, Order.State.TAKING_BACK, Order.State.PENDING])
    if Order.objects.filter(moving, line=line).exclude(pk__in=queued).exists():
        return True
    renewing = Subscription.objects.filter(line=line, state=Subscription.State.IN_FLIGHT)
    buying = TopUpRule.objects.filter(line=line, state=TopUpRule.State.IN_FLIGHT)
    return renewing.exists() or buying.exists()
