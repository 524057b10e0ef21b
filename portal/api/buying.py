"""Buying by a program: the same look-ups as on the pages."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from django.utils import timezone
from pydantic import Field

from accounts.http import client_ip
from billing import discounts, purchases
from billing.discounts import Quote
from billing.models import Order
from billing.purchases import NotOnSale, Offer
from billing.schedule import last_paid
from billing.views.placing import Sale
from esim import carriers
from esim.models import Line
from portal.api.door import ApiRequest
from portal.api.keys import key_reused
from portal.api.placing import PayWith, UseBalance, form_key_of, hold_price, place, placed_before
from portal.api.refusals import not_found, refused
from portal.api.shapes import AmountWished, PublicId, Wish, page_url

PAGES = {Order.Kind.RENEWAL: "billing:renew", Order.Kind.TOP_UP: "billing:top_up", Order.Kind.NEW_LINE: "billing:buy"}


class OrderWish(Wish):
    """What is to be bought; `line` for a renewal or a data top-up, `nickname` for a new line."""

    kind: Literal["renewal", "top_up", "new_line"]
    line: PublicId | None = None
    plan: PublicId
    price: Annotated[AmountWished, Field(description="The price you saw.")]
    pay_with: PayWith
    use_balance: UseBalance = False
    nickname: Annotated[str, Field(max_length=40)] = ""
    coupon: Annotated[str, Field(max_length=60, description="A code; one that takes nothing off is refused.")] = ""
    queued: Annotated[bool, Field(description="A renewal that waits until the plans of the line have ended.")] = False


def buy(request: ApiRequest, wish: OrderWish, *, key: str) -> Order:
    """Place the order that a program wishes for, or return the one it placed under this key before."""
    form_key = form_key_of(request, key)
    if earlier := placed_before(request, form_key):
        return _same(earlier, wish)
    sale = _sale(request, wish)
    return place(
        request,
        sale,
        form_key=form_key,
        pay_with=wish.pay_with,
        use_balance=wish.use_balance,
        nickname=wish.nickname,
        page=_page(sale, plan_id=wish.plan),
    )


def _sale(request: ApiRequest, wish: OrderWish) -> Sale:
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
    hold_price(wish.price, quote.price)
    return Sale(kind=kind, price=quote.price, line=line, offer=offer, quote=quote, is_queued=wish.queued)


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


def _page(sale: Sale, *, plan_id: str) -> str:
    """Return where the owner goes on with a purchase."""
    about = sale.line.public_id if sale.line else plan_id
    name = "billing:add_to_queue" if sale.is_queued else PAGES[sale.kind]
    return page_url(name, about, query=urlencode({"plan": plan_id}) if sale.line else "")


def _same(order: Order, wish: OrderWish) -> Order:
    """Return an order of long ago if it is what is wished for now."""
    line = order.line.public_id if order.line and order.kind != Order.Kind.NEW_LINE else None
    plan = order.plan.public_id if order.plan else None
    wished_line = wish.line if Order.Kind(wish.kind) != Order.Kind.NEW_LINE else None
    if (order.kind, line, plan) != (wish.kind, wished_line, wish.plan):
        raise key_reused()
    return order
