"""What each line of a business cost in a month."""

from http import HTTPStatus
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import BALANCE_READ
from accounts.models import Business
from billing import business_costs
from billing.business_costs import LineCost, Month
from esim.models import Line
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.references import to_line
from portal.api.refusals import refused
from portal.api.shapes import Amount, Page, Reference, Shape, problems

router = Router(tags=["balance"], by_alias=True, auth=Needs(BALANCE_READ))


class LineCostShape(Shape):
    """One line with what it cost, an amount for each currency; none: nothing was paid."""

    line: Reference
    cost_centre: str
    shared_with: list[str]
    cost: list[Amount]

    @classmethod
    def of(cls, one: LineCost) -> "LineCostShape":
        return cls(
            line=to_line(one.line),
            cost_centre=one.line.cost_centre,
            shared_with=list(one.people),
            cost=[Amount.of(money) for money in one.costs],
        )


class CostsShape(Page[LineCostShape]):
    """A part of the lines of a business, and what all of them together cost in the month."""

    month: str
    total: list[Amount]


class PartOfCosts(Part):
    """Which part of the lines, and which month of the business's own clock: this one, if none is named."""

    month: Annotated[str | None, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-11"])] = None


@router.get("/costs", response={200: CostsShape, **problems(404, 409, 422)}, url_name="costs")
def list_costs(request: ApiRequest, part: Annotated[PartOfCosts, Query()]) -> Any:
    """Return what each line of your business cost in a month: what was paid in it, less what was given back."""
    user = request.owner
    if not Business.objects.filter(user=user).exists():
        detail = "This is no business account. Its owner can make it one on the page of costs."
        raise refused(HTTPStatus.CONFLICT, "not-a-business", detail)
    month = Month.read(part.month or "", zone=user.zone, today=timezone.localdate())
    lines, following = newest_first(Line.objects.owned_by(user), part=part)
    return CostsShape(
        items=[LineCostShape.of(one) for one in business_costs.costs_of(lines, user=user, month=month)],
        next_cursor=following,
        month=month.name,
        total=[Amount.of(money) for money in business_costs.totals_of(user, month=month)],
    )
