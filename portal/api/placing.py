"""Placing an order for a program: the form, the limit and the checkout of the pages, and never more than they allow."""

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Annotated

from django.db import transaction
from django.utils import timezone
from pydantic import Field

from accounts import api_calls
from accounts.locks import refuse_if_locked
from billing import arrears, checkout, gateways, pay_links
from billing.arrears import NothingOwed
from billing.checkout import FormReused, Purchase
from billing.forms import NEW_METHOD, PurchaseForm
from billing.ledger import InsufficientBalance
from billing.models import Order
from billing.redemptions import CouponGone
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import charge_soon
from billing.views.placing import Sale
from portal.api.door import ApiRequest
from portal.api.keys import key_reused
from portal.api.proofs import PAID, refuse_above_limit
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
    if asks_somebody and not _can_ask_somebody(sale):
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
    if form.uses_what_we_keep and not asks_somebody:
        refuse_if_locked(request.owner)
        refuse_above_limit(sale.price, detail=PAID, page=page)
    purchase = _purchase(request, sale, form)
    if asks_somebody:
        purchase = replace(purchase, gateway="", use_wallet=False, pay_within=pay_links.OPEN_FOR)
    order = _place(purchase)
    _go_on(order, form)
    return order


def _can_ask_somebody(sale: Sale) -> bool:
    return sale.kind in pay_links.KINDS and sale.price >= gateways.smallest_charge(sale.price.currency)


def _purchase(request: ApiRequest, sale: Sale, form: PurchaseForm) -> Purchase:
    only_balance = form.from_balance_only
    gateway = form.method.gateway if form.method else gateways.chosen().name
    return Purchase(
        owner=request.owner,
        kind=sale.kind,
        line=sale.line,
        plan=sale.offer.plan if sale.offer else None,
        nickname=form.cleaned_data["nickname"],
        price=sale.price,
        quote=sale.quote,
        is_queued=sale.is_queued,
        form_key=str(form.cleaned_data["form_key"]),
        use_wallet=only_balance or form.cleaned_data["use_balance"],
        gateway="" if only_balance else gateway,
        method=form.method,
    )


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


def _go_on(order: Order, form: PurchaseForm) -> None:
    """Have workers charge the card that was chosen, or deliver what is paid."""
    if order.state == Order.State.PAID:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    elif order.state == Order.State.PENDING and form.method is not None:
        charge_soon(order.pk)
