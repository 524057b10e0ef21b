"""Buying by a program: the same look-ups, forms and checkout as on the pages, and never more than they allow."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from django.db import transaction
from django.utils import timezone
from pydantic import Field

from accounts import api_calls
from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from billing import checkout, discounts, gateways, purchases
from billing.checkout import FormReused
from billing.confirmation import needs_proof
from billing.discounts import Quote
from billing.forms import NEW_METHOD, PurchaseForm
from billing.ledger import InsufficientBalance
from billing.models import Order
from billing.purchases import NotOnSale, Offer
from billing.redemptions import CouponGone
from billing.schedule import last_paid
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import charge_soon
from esim import carriers
from esim.models import Line
from portal.api.door import ApiRequest
from portal.api.keys import key_reused
from portal.api.refusals import not_found, refused
from portal.api.shapes import Amount, AmountWished, PublicId, Wish, page_url
from portal.lib.money import Money

PAGE = "page"
PAGES = {Order.Kind.RENEWAL: "billing:renew", Order.Kind.TOP_UP: "billing:top_up", Order.Kind.NEW_LINE: "billing:buy"}


class OrderWish(Wish):
    """What is to be bought; `line` for a renewal or a data top-up, `nickname` for a new line."""

    kind: Literal["renewal", "top_up", "new_line"]
    line: PublicId | None = None
    plan: PublicId
    price: Annotated[AmountWished, Field(description="The price you saw.")]
    pay_with: Annotated[str, Field(max_length=40, description='The id of a saved card, "balance", or "page".')]
    use_balance: Annotated[bool, Field(description="Take what the balance has first.")] = False
    nickname: Annotated[str, Field(max_length=40)] = ""
    coupon: Annotated[str, Field(max_length=60, description="A code; one that takes nothing off is refused.")] = ""
    queued: Annotated[bool, Field(description="A renewal that waits until the plans of the line have ended.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What was found behind a wish."""

    kind: Order.Kind
    line: Line | None
    offer: Offer
    quote: Quote
    is_queued: bool

    @property
    def price(self) -> Money:
        """What is to be paid."""
        return self.quote.price


def buy(request: ApiRequest, wish: OrderWish, *, key: str) -> Order:
    """Place the order that a program wishes for, or return the one it placed under this key before."""
    form_key = api_calls.form_key(token=request.token, key=key)
    earlier = (
        Order.objects.owned_by(request.owner).filter(form_key=str(form_key)).select_related("line", "plan").first()
    )
    if earlier is not None:
        return _same(earlier, wish)
    deal = _deal(request, wish)
    sent = {
        "pay_with": NEW_METHOD if wish.pay_with == PAGE else wish.pay_with,
        "use_balance": wish.use_balance,
        "nickname": wish.nickname,
        "form_key": str(form_key),
        "price_seen": deal.quote.token,
    }
    form = PurchaseForm(sent, owner=request.owner, is_free=deal.quote.is_free)
    if not form.is_valid():
        detail = next(str(errors[0]) for errors in form.errors.values())
        raise refused(HTTPStatus.CONFLICT, "cannot-pay-with", detail)
    if form.uses_what_we_keep:
        refuse_if_locked(request.owner)
        _ask_the_owner_first(deal)
    order = _place(request, deal, form)
    _go_on(order, form)
    return order


def _deal(request: ApiRequest, wish: OrderWish) -> Deal:
    kind, now = Order.Kind(wish.kind), timezone.now()
    line = None
    if kind != Order.Kind.NEW_LINE:
        line = purchases.find_line(public_id=wish.line or "", buyer=request.owner)
        if line is None:
            raise not_found()
    if kind == Order.Kind.TOP_UP and line is not None and not _can_top_up(line, now=now):
        detail = "No plan is running on this line that more data could be added to."
        raise refused(HTTPStatus.CONFLICT, "nothing-to-top-up", detail)
    if wish.queued and not (kind == Order.Kind.RENEWAL and line and last_paid([line.pk], now=now)):
        detail = "Only a renewal waits its turn, and only behind time that is paid for on its line."
        raise refused(HTTPStatus.CONFLICT, "nothing-to-wait-for", detail)
    try:
        offer = purchases.find_offer(plan_id=wish.plan, kind=kind, currency=wish.price.unit, now=now)
    except NotOnSale as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-on-sale", refusal.sentence) from None
    if kind == Order.Kind.NEW_LINE and purchases.is_sold_out(carrier=carriers.chosen()):
        raise refused(HTTPStatus.CONFLICT, "sold-out", "There is no eSIM left to sell right now. Nothing was charged.")
    quote = quoted(request, offer, coupon=wish.coupon)
    if not wish.price.is_same(quote.price):
        price = Amount.of(quote.price).model_dump(by_alias=True)
        detail = "The price is another one now. Nothing was bought. Look at it, and ask again with a new key."
        raise refused(HTTPStatus.CONFLICT, "price-changed", detail, price=price)
    return Deal(kind=kind, line=line, offer=offer, quote=quote, is_queued=wish.queued)


def quoted(request: ApiRequest, offer: Offer, *, coupon: str) -> Quote:
    """Return what offers, and a code, make of a price; refuse a code that takes nothing off."""
    quote = discounts.quote(
        user=request.owner,
        plan=offer.plan,
        price=offer.price,
        code=coupon.strip(),
        ip=client_ip(request),
        now=timezone.now(),
    )
    if quote.refusal:
        raise refused(HTTPStatus.CONFLICT, "coupon-refused", quote.refusal)
    return quote


def _can_top_up(line: Line, *, now: datetime) -> bool:
    return carriers.chosen().capabilities.data_packs and purchases.can_top_up(line, now=now)


def _ask_the_owner_first(deal: Deal) -> None:
    """Refuse what asks for a fresh proof on the pages, and say where its owner can give it."""
    if not needs_proof(deal.price):
        return
    plan_id = deal.offer.plan.public_id
    about = deal.line.public_id if deal.line else plan_id
    url = page_url(PAGES[deal.kind], about, query=urlencode({"plan": plan_id}) if deal.line else "")
    detail = "This much is paid only after its owner confirmed who they are. Open the page to go on there."
    raise refused(HTTPStatus.FORBIDDEN, "confirmation-required", detail, page=url)


def _place(request: ApiRequest, deal: Deal, form: PurchaseForm) -> Order:
    only_balance = form.from_balance_only
    gateway = form.method.gateway if form.method else gateways.chosen().name
    purchase = checkout.Purchase(
        owner=request.owner,
        kind=deal.kind,
        line=deal.line,
        plan=deal.offer.plan,
        nickname=form.cleaned_data["nickname"],
        price=deal.price,
        quote=deal.quote,
        is_queued=deal.is_queued,
        form_key=str(form.cleaned_data["form_key"]),
        use_wallet=only_balance or form.cleaned_data["use_balance"],
        gateway="" if only_balance else gateway,
        method=form.method,
    )
    try:
        return checkout.place_order(purchase=purchase, now=timezone.now())
    except FormReused:
        raise key_reused() from None
    except CouponGone:
        detail = "This code was used up a moment ago. Nothing was bought."
        raise refused(HTTPStatus.CONFLICT, "coupon-refused", detail) from None
    except InsufficientBalance as refusal:
        raise refused(HTTPStatus.CONFLICT, "balance-too-low", refusal.sentence) from None


def _go_on(order: Order, form: PurchaseForm) -> None:
    """Have workers charge the card that was chosen, or deliver what is paid."""
    if order.state == Order.State.PAID:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    elif order.state == Order.State.PENDING and form.method is not None:
        charge_soon(order.pk)


def _same(order: Order, wish: OrderWish) -> Order:
    """Return an order of long ago if it is what is wished for now."""
    line = order.line.public_id if order.line and order.kind != Order.Kind.NEW_LINE else None
    plan = order.plan.public_id if order.plan else None
    wished_line = wish.line if Order.Kind(wish.kind) != Order.Kind.NEW_LINE else None
    if (order.kind, line, plan) != (wish.kind, wished_line, wish.plan):
        raise key_reused()
    return order
