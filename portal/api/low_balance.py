"""Adding money by itself when a balance runs low."""

from typing import Annotated, Any
from urllib.parse import urlencode

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import RENEWALS_READ, RENEWALS_WRITE
from billing import top_up_terms
from billing.models import TopUpRule, TopUpRuleQuerySet
from billing.top_up_terms import TopUpTerms, WishesUnclear
from portal.api.consents import DECIMAL, TermsAgreed
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import not_found
from portal.api.shapes import PublicId, Wish, page_url, problems
from portal.api.top_ups import MaxAmount, MaxTimes, RuleShape, RuleTerms, agree, as_form, cannot_agree, turn_off
from portal.lib.public_ids import is_public_id

router = Router(tags=["what runs low"], by_alias=True)


class LowBalanceAsked(Wish):
    """How much is to be added when less than `lowMark` is left, in the currency of your account."""

    amount: Annotated[str, Field(pattern=DECIMAL, examples=["20.00"])]
    low_mark: Annotated[str, Field(pattern=DECIMAL, examples=["5.00"])]
    pay_with: Annotated[PublicId, Field(description="The id of a saved card.")]
    max_times: MaxTimes = 3
    max_amount: MaxAmount = None


class LowBalanceWish(LowBalanceAsked):
    """What is to be added, and the agreement to exactly that."""

    consent: TermsAgreed


@router.get(
    "/low-balance",
    response={200: list[RuleShape], **problems(422)},
    auth=Needs(RENEWALS_READ),
    url_name="low_balance",
)
def list_low_balance(request: ApiRequest) -> Any:
    """Return the rules that add money by themselves, one a currency; that of your account first."""
    return _standing(request)


@router.get(
    "/low-balance/terms",
    response={200: RuleTerms, **problems(409, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="low_balance_terms",
)
def get_low_balance_terms(request: ApiRequest, asked: Annotated[LowBalanceAsked, Query()]) -> Any:
    """Return the exact words, amount and limit that turning it on agrees to, in the language you accept."""
    return RuleTerms.of(_terms(request, asked))


@router.put("/low-balance", response={200: list[RuleShape], **problems(400, 409, 422)}, auth=Needs(RENEWALS_WRITE))
def turn_low_balance_on(request: ApiRequest, wish: LowBalanceWish) -> Any:
    """Have money added when the balance of your account runs low, by agreeing to the very terms that were read."""
    page = page_url("billing:low_balance_agree", query=urlencode(as_form(wish)))
    agree(request, _terms(request, wish), wish.consent, page=page)
    return _standing(request)


@router.delete(
    "/low-balance/{rule_id}",
    response={200: list[RuleShape], **problems(404, 422)},
    auth=Needs(RENEWALS_WRITE),
    url_name="low_balance_rule",
)
def turn_low_balance_off(request: ApiRequest, rule_id: str) -> Any:
    """Add no money by itself any more in one currency; off already, nothing changes."""
    rule = _rules(request).filter(public_id=rule_id).first() if is_public_id(rule_id) else None
    if rule is None:
        raise not_found()
    turn_off(request, rule)
    return _standing(request)


def _standing(request: ApiRequest) -> list[RuleShape]:
    on = sorted(_rules(request).filter(is_on=True), key=lambda rule: rule.currency != request.owner.currency)
    return [RuleShape.of(rule) for rule in on]


def _rules(request: ApiRequest) -> TopUpRuleQuerySet:
    own = TopUpRule.objects.owned_by(request.owner).of_kind(TopUpRule.Kind.BALANCE)
    return own.select_related("owner", "line", "plan", "method", "agreement").order_by("currency")


def _terms(request: ApiRequest, asked: LowBalanceAsked) -> TopUpTerms:
    try:
        return top_up_terms.balance_terms(user=request.owner, wishes=as_form(asked), now=timezone.now())
    except WishesUnclear as unclear:
        raise cannot_agree(unclear) from None
