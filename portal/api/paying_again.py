"""Paying an order that waits with another card, and letting somebody else pay it by a link."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ, ORDERS_WRITE
from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from billing import gateways, pay_links, paying
from billing.charges import OrderNotPayable
from billing.forms import PayForm, PayLinkForm
from billing.models import Order, PayLink
from billing.pay_links import CannotShare
from billing.paying import StillBeingChecked
from billing.views.leading_on import charge_soon
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, once
from portal.api.orders import OrderShape, own_order
from portal.api.proofs import unproved_payment
from portal.api.refusals import refused, refused_form
from portal.api.shapes import PublicId, Shape, Wish, page_url, problems

router = Router(tags=["orders"], by_alias=True)


class PayWish(Wish):
    pay_with: Annotated[PublicId, Field(description="The id of a saved card; on a page, its owner pays on `page`.")]


class LinkWish(Wish):
    shown_as: Annotated[
        str, Field(max_length=200, description="What the payer reads of for whom it is: one of `names`, or nothing.")
    ] = ""


class LinkShape(Shape):
    """Whether somebody else can pay an order, and the address with which they do, which is told this once."""

    can_share: bool
    names: list[str]
    made_at: datetime | None
    address: Annotated[str | None, Field(description="Whoever has it can pay the order, and see what is bought.")]


@router.post(
    "/{order_id}/pay",
    response={200: OrderShape, **problems(400, 404, 409, 422)},
    auth=Needs(ORDERS_WRITE),
    url_name="pay_again",
)
def pay_with_another_card(request: ApiRequest, order_id: str, wish: PayWish, key: Key) -> HttpResponse:
    """Pay an order that waits with a saved card, in the place of the attempt before, which is closed first."""

    def work() -> tuple[HTTPStatus, OrderShape]:
        _begin(request, own_order(request, order_id), wish)
        return HTTPStatus.OK, OrderShape.of(own_order(request, order_id))

    return once(request, key, work)


@router.get(
    "/{order_id}/pay-link",
    response={200: LinkShape, **problems(404, 422)},
    auth=Needs(ORDERS_READ),
    url_name="pay_link",
)
def get_pay_link(request: ApiRequest, order_id: str) -> Any:
    """Say whether somebody else can pay an order, and since when there is a link; its address can't be read again."""
    return _link_of(own_order(request, order_id))


@router.post(
    "/{order_id}/pay-link", response={200: LinkShape, **problems(400, 404, 409, 422)}, auth=Needs(ORDERS_WRITE)
)
def make_pay_link(request: ApiRequest, order_id: str, wish: LinkWish) -> Any:
    """Make a link with which somebody without an account pays an order; the one before is of no use from then on."""
    order, now = own_order(request, order_id), timezone.now()
    form = PayLinkForm({"shown_as": wish.shown_as}, names=pay_links.names_to_show(order))
    if not form.is_valid():
        raise refused_form(form, "cannot-share")
    refuse_if_locked(request.owner)
    shown_as, ip = form.cleaned_data["shown_as"], client_ip(request)
    try:
        made = pay_links.make(order=order, by=request.owner, shown_as=shown_as, ip=ip, now=now)
    except CannotShare as refusal:
        raise refused(HTTPStatus.CONFLICT, "cannot-share", refusal.sentence) from None
    return _link_of(order, address=page_url("billing:pay_for", made.token))


@router.delete("/{order_id}/pay-link", response={200: LinkShape, **problems(404, 422)}, auth=Needs(ORDERS_WRITE))
def withdraw_pay_link(request: ApiRequest, order_id: str) -> Any:
    """Let nobody begin to pay by link any more; without one, nothing changes."""
    order = own_order(request, order_id)
    pay_links.withdraw(order=order, by=request.owner, ip=client_ip(request), now=timezone.now())
    return _link_of(order)


def _begin(request: ApiRequest, order: Order, wish: PayWish) -> None:
    form = PayForm({"pay_with": wish.pay_with}, owner=request.owner)
    if not form.is_valid() or form.method is None:
        raise refused(HTTPStatus.CONFLICT, "cannot-pay-with", "This is none of your saved cards that can pay.")
    refuse_if_locked(request.owner)
    page = page_url("billing:another_way", order.public_id)
    try:
        with unproved_payment(order.to_charge, payer=request.owner, page=page):
            paying.begin_another_way(
                order=order,
                method=form.method,
                card_consent=None,
                gateway=gateways.chosen(),
                gateways=gateways.by_name(),
                now=timezone.now(),
            )
    except StillBeingChecked as refusal:
        headers = {"Retry-After": "60"}
        raise refused(HTTPStatus.CONFLICT, "under-way", refusal.sentence, headers=headers) from None
    except OrderNotPayable as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-payable", refusal.sentence) from None
    charge_soon(order.pk)


def _link_of(order: Order, *, address: str | None = None) -> LinkShape:
    standing = PayLink.objects.filter(order=order).standing().first()
    return LinkShape(
        can_share=pay_links.can_share(order),
        names=pay_links.names_to_show(order),
        made_at=standing.created_at if standing else None,
        address=address,
    )
