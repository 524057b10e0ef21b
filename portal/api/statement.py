"""What moved the balance, every attempt to pay, and what was given back."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import BALANCE_READ
from billing import ledger
from billing.declines import explain
from billing.models import Charge, Refund
from billing.refund_words import refund_row
from billing.statement import Movement, movement_of
from portal.api.cursors import Part, latest_first, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.references import to_order
from portal.api.shapes import Amount, Page, Reference, Shape, page_of, problems

router = Router(tags=["balance"], by_alias=True, auth=Needs(BALANCE_READ))


class MovementShape(Shape):
    """What came into a balance, or, with a minus, went out of it."""

    at: datetime
    what: str
    amount: Amount
    order: Reference | None

    @classmethod
    def of(cls, one: Movement) -> "MovementShape":
        order = to_order(one.order) if one.order else None
        return cls(at=one.at, what=str(one.what), amount=Amount.of(one.money), order=order)


class ChargeShape(Shape):
    """One attempt to take money from a card or on a payment page (TM Forum 676: Payment)."""

    id: str
    payment_date: datetime
    status: str
    amount: Amount
    paid_with: str
    order: Reference
    problem: Annotated[str | None, Field(description="What the bank said, in plain words.")]

    @classmethod
    def of(cls, charge: Charge) -> "ChargeShape":
        was_declined = charge.state == Charge.State.DECLINED
        return cls(
            id=charge.public_id,
            payment_date=charge.created_at,
            status=charge.state,
            amount=Amount.of(charge.money),
            paid_with=str(charge.method or charge.paid_with),
            order=to_order(charge.order),
            problem=str(explain(charge.decline_code).sentence) if was_declined else None,
        )


class RefundShape(Shape):
    """Money on its way back, or there."""

    id: str
    at: datetime
    amount: Amount
    goes_to: str
    state: str
    text: str
    order: Reference

    @classmethod
    def of(cls, refund: Refund) -> "RefundShape":
        row = refund_row(refund)
        return cls(
            id=refund.public_id,
            at=row.at,
            amount=Amount.of(row.money),
            goes_to=str(row.goes_to),
            state=refund.state,
            text=str(row.text or row.state),
            order=to_order(row.order),
        )


@router.get("/balance/movements", response={200: Page[MovementShape], **problems(404, 422)}, url_name="movements")
def list_movements(request: ApiRequest, part: Annotated[Part, Query()]) -> Any:
    """Return what came into your balances and went out of them, the latest first."""
    rows, following = latest_first(ledger.movements_of(request.owner), part=part)
    return page_of([MovementShape.of(movement_of(entry)) for entry in rows], following)


@router.get("/charges", response={200: Page[ChargeShape], **problems(404, 422)}, url_name="charges")
def list_charges(request: ApiRequest, part: Annotated[Part, Query()]) -> Any:
    """Return every attempt to pay, the newest first, with what the bank said to it."""
    own = Charge.objects.owned_by(request.owner).select_related("order", "method")
    rows, following = newest_first(own, part=part)
    return page_of([ChargeShape.of(charge) for charge in rows], following)


@router.get("/refunds", response={200: Page[RefundShape], **problems(404, 422)}, url_name="refunds")
def list_refunds(request: ApiRequest, part: Annotated[Part, Query()]) -> Any:
    """Return what was given back, or is on its way to you, the newest first."""
    own = Refund.objects.owned_by(request.owner).shown_to_owner().select_related("charge__method", "order")
    rows, following = newest_first(own, part=part)
    return page_of([RefundShape.of(refund) for refund in rows], following)
