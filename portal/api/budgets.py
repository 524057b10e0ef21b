"""How much data the owner of a line means to use a day and a month."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import LINES_WRITE, USAGE_READ
from esim import budgets
from esim.budgets import BudgetState, Spent
from esim.usage_forms import LEAST_GB, MOST_GB
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.shapes import Quantity, Shape, Wish, problems
from portal.lib.data_size import GB

router = Router(tags=["usage"], by_alias=True)

Limit = Annotated[int | None, Field(ge=int(LEAST_GB * GB), le=int(MOST_GB * GB), description="In bytes; null: none.")]


class SpentShape(Shape):
    """One budget, and what was used of it until `endsAt`, when it begins anew."""

    limit: Quantity
    used: Quantity
    ends_at: datetime

    @classmethod
    def of(cls, spent: Spent | None) -> "SpentShape | None":
        if spent is None:
            return None
        return cls(
            limit=Quantity(amount=spent.limit_bytes, units="byte"),
            used=Quantity(amount=spent.used_bytes, units="byte"),
            ends_at=spent.ends_at.astimezone(UTC),
        )


class BudgetShape(Shape):
    """What a line means to use; reaching it tells its owner, and stops nothing."""

    daily: SpentShape | None
    monthly: SpentShape | None

    @classmethod
    def of(cls, state: BudgetState) -> "BudgetShape":
        return cls(daily=SpentShape.of(state.daily), monthly=SpentShape.of(state.monthly))


class BudgetWish(Wish):
    """Both budgets, as they are to stand."""

    daily_bytes: Limit
    monthly_bytes: Limit


@router.get(
    "/{line_id}/budget", response={200: BudgetShape, **problems(404, 422)}, auth=Needs(USAGE_READ), url_name="budget"
)
def get_budget(request: ApiRequest, line_id: str) -> Any:
    """Return the budgets of a line of yours, and what was used of them."""
    return BudgetShape.of(budgets.state_of(own_line(request, line_id), timezone.now()))


@router.put("/{line_id}/budget", response={200: BudgetShape, **problems(400, 404, 422)}, auth=Needs(LINES_WRITE))
def set_budget(request: ApiRequest, line_id: str, wish: BudgetWish) -> Any:
    """Set both budgets of a line of yours. You are told at 80% and at all of it."""
    line, now = own_line(request, line_id), timezone.now()
    budgets.save_budget(line, wish.daily_bytes, wish.monthly_bytes, now=now)
    return BudgetShape.of(budgets.state_of(line, now))
