"""What a plan costs the token's owner now: the price that an order has to name."""

from http import HTTPStatus
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ
from billing import purchases
from billing.models import Order
from billing.purchases import NotOnSale
from plans.models import Plan
from portal.api.buying import quoted
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import not_found, refused
from portal.api.shapes import Amount, Shape, Wish, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["plans"], by_alias=True, auth=Needs(ORDERS_READ))


class QuoteAsked(Wish):
    """In which currency, and with which code; without a currency that of the account."""

    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    coupon: Annotated[str, Field(max_length=60)] = ""


class QuoteShape(Shape):
    """`price` is what an order has to name; `listPrice` is without offers and code."""

    price: Amount
    list_price: Amount
    bonus_bytes: int


@router.get("/{plan_id}/quote", response={200: QuoteShape, **problems(404, 409, 422)}, url_name="quote")
def get_quote(request: ApiRequest, plan_id: str, asked: Annotated[QuoteAsked, Query()]) -> Any:
    """Return what a plan costs you now, offers and your code taken off."""
    plan = Plan.objects.filter(public_id=plan_id).first() if is_public_id(plan_id) else None
    if plan is None:
        raise not_found()
    kind = Order.Kind.TOP_UP if plan.kind == Plan.Kind.DATA_PACK else Order.Kind.RENEWAL
    currency = asked.currency or request.owner.currency
    try:
        offer = purchases.find_offer(plan_id=plan_id, kind=kind, currency=currency, now=timezone.now())
    except NotOnSale as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-on-sale", refusal.sentence) from None
    quote = quoted(request, offer, coupon=asked.coupon)
    return QuoteShape(
        price=Amount.of(quote.price), list_price=Amount.of(quote.list_price), bonus_bytes=quote.bonus_bytes
    )
