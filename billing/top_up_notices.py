"""What is told when a top-up rule did not buy: refused, paused, or at its limit.

Every function here runs inside the transaction of the fact it tells about.
"""

from datetime import datetime
from typing import Any

from accounts.notifications import notify
from billing.models import Order, TopUpRule
from billing.plan_names import plan_names
from billing.sales import as_context
from portal.lib.money import Money


def tell_declined(rule: TopUpRule, *, code: str, order: Order | None, again_at: datetime | None, now: datetime) -> None:
    """`order` is what can still be paid, on its page; a balance that was too low has placed none."""
    context = {"code": code, "order_id": order.public_id if order else ""}
    if again_at is not None:
        context["again_at"] = again_at.isoformat()
    # The fence names this very attempt: after a new card the same purchase may be refused, and told, again.
    _tell(rule, kind="top_up_declined", key=f"top-up-declined:{rule.public_id}:{rule.fence}", now=now, **context)


def tell_paused(rule: TopUpRule, *, reason: str, price: Money | None = None, now: datetime) -> None:
    """`price` is what counts now, where that is another than was agreed to."""
    context: dict[str, Any] = {"reason": reason}
    if price is not None and price != rule.agreed_price:
        context["new_price"] = as_context(price)
    _tell(rule, kind="top_up_paused", key=f"top-up-paused:{rule.public_id}:{rule.fence}:{reason}", now=now, **context)


def tell_limit_reached(rule: TopUpRule, *, goes_on_at: datetime, now: datetime) -> None:
    """Once a month, for what a rule has left to do is the same until the month is over."""
    key = f"top-up-limit:{rule.public_id}:{rule.agreement_id}:{goes_on_at:%Y-%m-%d}"
    context = {
        "goes_on_at": goes_on_at.isoformat(),
        "max_times": rule.max_times,
        "most": as_context(rule.most_a_month),
    }
    _tell(rule, kind="top_up_limit_reached", key=key, now=now, **context)


def _tell(rule: TopUpRule, *, kind: str, key: str, now: datetime, **extra: Any) -> None:
    context = {
        "rule_kind": rule.kind,
        "line": str(rule.line) if rule.line else "",
        "line_id": rule.line.public_id if rule.line else "",
        "plan": plan_names(rule.plan) if rule.plan else None,
        "price": as_context(rule.agreed_price),
        **extra,
    }
    notify(user=rule.owner, kind=kind, key=key, context=context, now=now)
