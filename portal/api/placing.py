"""Placing an order for a program: the form, the limit and the checkout of the pages, and never more than they allow."""

from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from accounts import api_calls
from accounts.locks import refuse_if_locked
from billing import arrears, checkout
from billing.arrears import NothingOwed
from billing.checkout import FormReused, Purchase
from billing.forms import NEW_METHOD, PurchaseForm
from billing.ledger import InsufficientBalance
from billing.models import Order
from billing.redemptions import CouponGone
from billing.views.placing import Sale, paid_by_somebody, paid_with, set_going
from portal.api.door import ApiRequest
from portal.api.keys import key_reused
from portal.api.proofs import unproved_payment
from portal.api.refusals import refused
from portal.api.shapes import Amount, AmountWished
from portal.lib.money import Money

PAGE = "page"
LINK = "link"

PayWith = Annotated[
    str,
    Field(
        max_length=40,
        description='The id of a saved card, "balance", "page", or "link": it waits a day for somebody else to pay it.',
    ),
]
UseBalance = Annotated[bool, Field(description="Take what the balance has first.")]


def form_key_of(request: ApiRequest, key: str) -> str:
    """Return what names the order that is placed under an Idempotency-Key."""
    return str(api_calls.form_key(token=request.token, key=key))


def placed_before(request: ApiRequest, form_key: str) -> Order | None:
    """Return what was ordered under this key, however long ago."""
    own = Order.objects.owned_by(request.owner).filter(form_key=form_key)
    return own.select_related("line", "plan").first()


def hold_price(seen: AmountWished, price: Money) -> None:
    """Refuse to go on at another price than the one that was seen."""
    if not seen.is_same(price):
        detail = "The price is another one now. Nothing was bought. Look at it, and ask again with a new key."
        now = Amount.of(price).model_dump(by_alias=True)
        raise refused(HTTPStatus.CONFLICT, "price-changed", detail, price=now)


def place(
    request: ApiRequest,
    sale: Sale,
    *,
    form_key: str,
    pay_with: str,
    page: str,
    use_balance: bool = False,
    nickname: str = "",
) -> Order:
    """Place an order and have workers go on with it; `page` is where its owner would, above the limit."""
    asks_somebody = pay_with == LINK
    if asks_somebody and not sale.can_be_shared:
        raise refused(HTTPStatus.CONFLICT, "cannot-pay-with", "Nobody else can be asked to pay this.")
    sent = {
        "pay_with": NEW_METHOD if pay_with in {PAGE, LINK} else pay_with,
        "use_balance": use_balance,
        "nickname": nickname,
        "form_key": form_key,
        "price_seen": sale.token,
    }
    form = PurchaseForm(sent, owner=request.owner, is_free=sale.is_free)
    if not form.is_valid():
        detail = next(str(errors[0]) for errors in form.errors.values())
        raise refused(HTTPStatus.CONFLICT, "cannot-pay-with", detail)
    counted: AbstractContextManager[None] = nullcontext()
    if form.uses_what_we_keep and not asks_somebody:
        refuse_if_locked(request.owner)
        counted = unproved_payment(sale.price, payer=request.owner, page=page)
    purchase_of = paid_by_somebody if asks_somebody else paid_with
    with counted:
        order = _place(purchase_of(sale, form, owner=request.owner))
    set_going(order, form)
    return order


def _place(purchase: Purchase) -> Order:
    place_order = arrears.place_order if purchase.kind == Order.Kind.ARREARS else checkout.place_order
    try:
        return place_order(purchase=purchase, now=timezone.now())
    except FormReused:
        raise key_reused() from None
    except CouponGone:
        detail = "This code was used up a moment ago. Nothing was bought."
        raise refused(HTTPStatus.CONFLICT, "coupon-refused", detail) from None
    except InsufficientBalance as refusal:
        raise refused(HTTPStatus.CONFLICT, "balance-too-low", refusal.sentence) from None
    except NothingOwed as refusal:
        raise refused(HTTPStatus.CONFLICT, "nothing-owed", refusal.sentence) from None
