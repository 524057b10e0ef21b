"""The balance (TM Forum 654: Bucket)."""

from typing import Any

from ninja import Router

from accounts.api_tokens import BALANCE_READ
from billing.models import LedgerAccount
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


@router.get("/balance", response={200: BalanceShape, **problems(422)}, url_name="balance")
def get_balance(request: ApiRequest) -> Any:
    """Return your balance in each currency you have, that of your account first."""
    held = {account.currency: account.money for account in LedgerAccount.objects.owned_by(request.owner)}
    own = request.owner.currency
    moneys = [held.pop(own, Money.zero(own)), *(held[currency] for currency in sorted(held))]
    buckets = [BalanceBucket(remaining_value=Amount.of(money)) for money in moneys]
    return BalanceShape(bucket=buckets, add_money_page=page_url("billing:add_money"))
