"""Adding money to the balance: the amounts and the checkout of the page."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_WRITE
from billing.credit_amounts import amounts_in
from billing.forms import BALANCE, AmountForm
from billing.models import Order
from billing.views.placing import Sale
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, key_reused, once
from portal.api.orders import OrderShape, shown_order
from portal.api.placing import form_key_of, place, placed_before
from portal.api.refusals import refused, refused_form
from portal.api.shapes import AmountWished, Wish, page_url, problems
from portal.lib.money import Money

router = Router(tags=["balance"], by_alias=True)


class MoneyWish(Wish):
    """How much is to be added; its unit says to which balance."""

    amount: AmountWished
    pay_with: Annotated[str, Field(max_length=40, description='The id of a saved card, or "page".')]


@router.post(
    "/balance/money",
    response={201: OrderShape, **problems(400, 404, 409, 422)},
    auth=Needs(ORDERS_WRITE),
    url_name="add_money",
)
def add_money(request: ApiRequest, wish: MoneyWish, key: Key) -> HttpResponse:
    """Add money to your balance: an order like any other, delivered as soon as it is paid."""

    def work() -> tuple[HTTPStatus, OrderShape]:
        return HTTPStatus.CREATED, OrderShape.of(shown_order(_order(request, wish, key=key)))

    return once(request, key, work)


def _order(request: ApiRequest, wish: MoneyWish, *, key: str) -> Order:
    form_key = form_key_of(request, key)
    if earlier := placed_before(request, form_key):
        if earlier.kind != Order.Kind.CREDIT or not wish.amount.is_same(earlier.total):
            raise key_reused()
        return earlier
    money = _amount(wish)
    if wish.pay_with == BALANCE:
        detail = "A balance is not filled from itself. Choose a saved card, or the page."
        raise refused(HTTPStatus.CONFLICT, "cannot-pay-with", detail)
    query = urlencode({"own_amount": wish.amount.value, "currency": money.currency})
    return place(
        request,
        Sale(kind=Order.Kind.CREDIT, price=money),
        form_key=form_key,
        pay_with=wish.pay_with,
        page=page_url("billing:add_money", query=query),
    )


def _amount(wish: MoneyWish) -> Money:
    if wish.amount.unit not in settings.PORTAL_CURRENCIES:
        raise refused(HTTPStatus.CONFLICT, "amount-refused", "There are no balances in this currency.")
    form = AmountForm({"own_amount": wish.amount.value}, amounts=amounts_in(wish.amount.unit))
    if not form.is_valid():
        raise refused_form(form, "amount-refused")
    money: Money = form.cleaned_data["money"]
    return money
