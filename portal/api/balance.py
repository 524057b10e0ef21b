"""The balance, and the cards that are kept (TM Forum 654: Bucket)."""

from datetime import date
from typing import Any

from django.utils import timezone
from ninja import Router

from accounts.api_tokens import BALANCE_READ
from billing.models import LedgerAccount, PaymentMethod
from portal.api.door import ApiRequest, Needs
from portal.api.shapes import Amount, Shape, page_url, problems
from portal.lib.money import Money

router = Router(tags=["balance"], by_alias=True, auth=Needs(BALANCE_READ))


class BalanceBucket(Shape):
    """The balance in one currency; what is reserved for orders under way is not in it."""

    usage_type: str = "monetary"
    remaining_value: Amount


class BalanceShape(Shape):
    bucket: list[BalanceBucket]
    add_money_page: str


class CardShape(Shape):
    """A kept card; its number is with the payment company, not with us."""

    id: str
    brand: str
    last_four: str
    valid_until: date
    is_default: bool
    is_usable: bool


@router.get("/balance", response={200: BalanceShape, **problems(422)}, url_name="balance")
def get_balance(request: ApiRequest) -> Any:
    """Return your balance in each currency you have, that of your account first."""
    held = {account.currency: account.money for account in LedgerAccount.objects.owned_by(request.owner)}
    own = request.owner.currency
    moneys = [held.pop(own, Money.zero(own)), *(held[currency] for currency in sorted(held))]
    buckets = [BalanceBucket(remaining_value=Amount.of(money)) for money in moneys]
    return BalanceShape(bucket=buckets, add_money_page=page_url("billing:add_money"))


@router.get("/payment-methods", response={200: list[CardShape], **problems(422)}, url_name="payment_methods")
def list_payment_methods(request: ApiRequest) -> Any:
    """Return your saved cards, the default one first; `id` is what an order or auto-renewal is paid with."""
    cards = PaymentMethod.objects.owned_by(request.owner).usable().order_by("-is_default", "-pk")
    today = timezone.now().date()
    return [
        CardShape(
            id=card.public_id,
            brand=card.brand,
            last_four=card.last_four,
            valid_until=card.last_day,
            is_default=card.is_default,
            is_usable=card.last_day >= today,
        )
        for card in cards
    ]
