"""What is owed, line by line."""

from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ
from billing import arrears
from billing.arrears import Arrear
from portal.api.door import ApiRequest, Needs
from portal.api.shapes import Amount, Reference, Shape, href, page_url, problems

router = Router(tags=["balance"], by_alias=True, auth=Needs(ORDERS_READ))


class ArrearShape(Shape):
    """What is owed for a line, or for the balance where there is none."""

    because: Annotated[str, Field(description="taken_back: a bank took a payment back; declined: a renewal was.")]
    line: Reference | None
    order: Reference | None
    amount: Amount
    since: datetime
    page: Annotated[str, Field(description="Where its owner settles it.")]

    @classmethod
    def of(cls, one: Arrear) -> "ArrearShape":
        line, order = one.line, one.order
        return cls(
            because=one.why.value,
            line=Reference(id=line.public_id, href=href("line", line.public_id), name=str(line)) if line else None,
            order=Reference(id=order.public_id, href=href("order", order.public_id)) if order else None,
            amount=Amount.of(one.money),
            since=one.since,
            page=page_url("billing:arrears"),
        )


@router.get("/arrears", response={200: list[ArrearShape], **problems(422)}, url_name="arrears")
def list_arrears(request: ApiRequest) -> Any:
    """Return what you owe. Each line is settled by itself, and no line stops another."""
    return [ArrearShape.of(one) for one in arrears.owed(request.owner, now=timezone.now())]
