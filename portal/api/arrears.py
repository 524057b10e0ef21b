"""What is owed, line by line, and settling it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ, ORDERS_WRITE
from billing import arrears
from billing.arrears import Arrear, NothingOwed
from billing.models import Dispute, Order
from billing.views.placing import Sale
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, key_reused, once
from portal.api.orders import OrderShape, shown_order
from portal.api.placing import PayWith, UseBalance, form_key_of, hold_price, place, placed_before
from portal.api.references import to_line, to_order
from portal.api.refusals import not_found, refused
from portal.api.shapes import Amount, AmountWished, Reference, Shape, Wish, page_url, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["balance"], by_alias=True)


class ArrearShape(Shape):
    """What is owed for a line, or for the balance where there is none.

    What a bank took back has an `id`, with which it is settled. A renewal that was declined is paid with its `order`,
    or by renewing the line.
    """

    id: str | None
    because: Annotated[str, Field(description="taken_back: a bank took a payment back; declined: a renewal was.")]
    line: Reference | None
    order: Reference | None
    amount: Amount
    since: datetime
    page: Annotated[str, Field(description="Where its owner settles it.")]

    @classmethod
    def of(cls, one: Arrear) -> "ArrearShape":
        return cls(
            id=one.dispute.public_id if one.dispute else None,
            because=one.why.value,
            line=to_line(one.line) if one.line else None,
            order=to_order(one.order) if one.order else None,
            amount=Amount.of(one.money),
            since=one.since,
            page=page_url("billing:arrears"),
        )


class SettleWish(Wish):
    price: Annotated[AmountWished, Field(description="What you saw: the sum of what is owed for the same line.")]
    pay_with: PayWith
    use_balance: UseBalance = False


@router.get("/arrears", response={200: list[ArrearShape], **problems(422)}, auth=Needs(ORDERS_READ), url_name="arrears")
def list_arrears(request: ApiRequest) -> Any:
    """Return what you owe. Each line is settled by itself, and no line stops another."""
    return [ArrearShape.of(one) for one in arrears.owed(request.owner, now=timezone.now())]


@router.post(
    "/arrears/{arrear_id}/settle",
    response={201: OrderShape, **problems(400, 404, 409, 422)},
    auth=Needs(ORDERS_WRITE),
    url_name="settle",
)
def settle(request: ApiRequest, arrear_id: str, wish: SettleWish, key: Key) -> HttpResponse:
    """Settle all that is owed for the line of what a bank took back, in its currency."""

    def work() -> tuple[HTTPStatus, OrderShape]:
        order = _order(request, _own(request, arrear_id), wish, key=key)
        return HTTPStatus.CREATED, OrderShape.of(shown_order(order))

    return once(request, key, work)


def _order(request: ApiRequest, dispute: Dispute, wish: SettleWish, *, key: str) -> Order:
    line = dispute.charge.order.line
    form_key = form_key_of(request, key)
    if earlier := placed_before(request, form_key):
        if earlier.kind != Order.Kind.ARREARS or earlier.line != line:
            raise key_reused()
        return earlier
    debts = arrears.owed_with(dispute)
    if not debts:
        raise refused(HTTPStatus.CONFLICT, "nothing-owed", NothingOwed.sentence)
    price = arrears.sum_of(debts)
    hold_price(wish.price, price)
    return place(
        request,
        Sale(kind=Order.Kind.ARREARS, price=price, line=line),
        form_key=form_key,
        pay_with=wish.pay_with,
        use_balance=wish.use_balance,
        page=page_url("billing:settle", dispute.public_id),
    )


def _own(request: ApiRequest, arrear_id: str) -> Dispute:
    own = Dispute.objects.owned_by(request.owner).select_related("charge__order__line")
    dispute = own.filter(public_id=arrear_id).first() if is_public_id(arrear_id) else None
    if dispute is None:
        raise not_found()
    return dispute
