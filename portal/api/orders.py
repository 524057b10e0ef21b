"""Orders: what was bought, and buying."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

from django.db.models import Prefetch
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ, ORDERS_WRITE
from billing.declines import explain
from billing.models import Charge, Order, OrderQuerySet
from portal.api.buying import OrderWish, buy
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, once
from portal.api.references import to_line, to_plan
from portal.api.refusals import not_found
from portal.api.shapes import Amount, Page, Reference, Shape, TimePeriod, href, page_of, page_url, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["orders"], by_alias=True)

State = Literal[
    "pending", "paid", "fulfilling", "fulfilled", "undeliverable", "taking_back", "refunded", "expired", "cancelled"
]


class Payment(Shape):
    """The last attempt to take money from a card or on a payment page."""

    state: str
    amount: Amount
    paid_with: str
    problem: Annotated[str | None, Field(description="What the bank said, in plain words.")]


class OrderShape(Shape):
    """One purchase (names of TM Forum 622 where it has them)."""

    id: str
    href: str
    kind: str
    state: State
    is_queued: Annotated[bool, Field(description="It is paid, and waits until the plans before it have ended.")]
    order_date: datetime
    paid_at: datetime | None
    sent_at: Annotated[datetime | None, Field(description="When the network was asked.")]
    completion_date: datetime | None
    pay_until: datetime | None
    line: Reference | None
    product_offering: Reference | None
    valid_for: TimePeriod
    price: Amount
    paid_from_balance: Amount
    payment: Payment | None
    page: Annotated[str, Field(description="The order's page: where its owner pays, confirms or cancels it.")]

    @classmethod
    def of(cls, order: Order) -> "OrderShape":
        waits = order.state == Order.State.PENDING
        return cls(
            id=order.public_id,
            href=href("order", order.public_id),
            kind=order.kind,
            state=cast("State", order.state),
            is_queued=order.waits_its_turn,
            order_date=order.created_at,
            paid_at=order.paid_at,
            sent_at=order.sent_at,
            completion_date=order.confirmed_at,
            pay_until=order.expires_at if waits else None,
            line=to_line(order.line) if order.line else None,
            product_offering=to_plan(order.plan, name=order.sold_label) if order.plan else None,
            valid_for=TimePeriod(start_date_time=order.starts_at, end_date_time=order.ends_at),
            price=Amount.of(order.total),
            paid_from_balance=Amount.of(order.wallet_part),
            payment=_payment(order),
            page=page_url("billing:order", order.public_id),
        )


class PartOfOrders(Part):
    """Which part of the orders, of all or of those in one state."""

    state: State | None = None


@router.get("", response={200: Page[OrderShape], **problems(404, 422)}, auth=Needs(ORDERS_READ), url_name="orders")
def list_orders(request: ApiRequest, part: Annotated[PartOfOrders, Query()]) -> Any:
    """Return your orders, the newest first."""
    own = _shown(Order.objects.owned_by(request.owner))
    rows, following = newest_first(own.filter(state=part.state) if part.state else own, part=part)
    return page_of([OrderShape.of(order) for order in rows], following)


@router.post("", response={201: OrderShape, **problems(400, 404, 409, 422)}, auth=Needs(ORDERS_WRITE))
def place_order(request: ApiRequest, wish: OrderWish, key: Key) -> HttpResponse:
    """Buy: renew a line, add data to it, or order a new one.

    Say the price you saw; at another one nothing is bought. What is paid from the balance or with a saved card is paid
    at once; above the operator's limit its owner has to confirm on a page, whose address is in the refusal. With `payWith: "page"`
    the order waits to be paid on its `page`.
    """

    def work() -> tuple[HTTPStatus, OrderShape]:
        order = buy(request, wish, key=key)
        return HTTPStatus.CREATED, OrderShape.of(shown_order(order))

    return once(request, key, work)


@router.get("/{order_id}", response={200: OrderShape, **problems(404, 422)}, auth=Needs(ORDERS_READ), url_name="order")
def get_order(request: ApiRequest, order_id: str) -> Any:
    """Return one order of yours."""
    return OrderShape.of(own_order(request, order_id))


def own_order(request: ApiRequest, order_id: str) -> Order:
    """Return an order of the token's owner with what is shown of it; anybody else's is not found."""
    own = _shown(Order.objects.owned_by(request.owner))
    order = own.filter(public_id=order_id).first() if is_public_id(order_id) else None
    if order is None:
        raise not_found()
    return order


def shown_order(order: Order) -> Order:
    """Return an order as it stands now, with what is shown of it."""
    return _shown(Order.objects.filter(pk=order.pk)).get()


def _shown(orders: OrderQuerySet) -> OrderQuerySet:
    charges = Prefetch("charges", Charge.objects.select_related("method").order_by("-pk"), to_attr="attempts")
    return orders.select_related("line", "plan", "owner").prefetch_related(charges)


def _payment(order: Order) -> Payment | None:
    attempts: list[Charge] = order.attempts  # type: ignore[attr-defined]
    if not attempts:
        return None
    last = attempts[0]
    problem = str(explain(last.decline_code).sentence) if last.state == Charge.State.DECLINED else None
    paid_with = str(last.method) if last.method else last.paid_with
    return Payment(state=last.state, amount=Amount.of(last.money), paid_with=paid_with, problem=problem)
