"""Telling the owner of a line what somebody else, whom they let pay, bought for it or gave back.

They read what changed on the line and who paid, never with what.
"""

from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.notifications import notify
from billing.models import Order
from esim.models import Line


def tell_delivered(order: Order, *, line: Line, ends_at: datetime, now: datetime) -> None:
    """Tell of a delivered order; nothing where the line's owner bought it. Inside the caller's transaction."""
    _tell(order, line=line, what="delivered", now=now, ends_at=ends_at.isoformat())


def tell_taken_back(order: Order, *, line: Line, now: datetime) -> None:
    """Tell that it was given back, and is no longer on the line. Inside the caller's transaction."""
    _tell(order, line=line, what="taken_back", now=now)


def _tell(order: Order, *, line: Line, what: str, now: datetime, **extra: Any) -> None:
    if line.owner_id == order.owner_id:
        return
    context = {
        "what": what,
        "line": str(line),
        "line_id": line.public_id,
        "plan": {name: order.plan_terms.get(name, "") for name in ("name", "name_zh_hans", "name_zh_hant")},
        "who": str(order.owner),
        **extra,
    }
    owner = User.objects.get(pk=line.owner_id)
    notify(user=owner, kind="paid_for_you", key=f"order:{order.public_id}:owner:{what}", context=context, now=now)
