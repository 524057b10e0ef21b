"""References to what has an address of its own in the API."""

from billing.models import Order
from esim.models import Line
from plans.models import Plan
from portal.api.shapes import Reference, href


def to_line(line: Line) -> Reference:
    return Reference(id=line.public_id, href=href("line", line.public_id), name=str(line))


def to_order(order: Order) -> Reference:
    return Reference(id=order.public_id, href=href("order", order.public_id))


def to_plan(plan: Plan, *, name: str = "") -> Reference:
    """Return where a plan is described; `name` is what it was called when it was sold."""
    return Reference(id=plan.public_id, href=href("plan", plan.public_id), name=name or plan.label)
