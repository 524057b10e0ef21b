"""Buying data by itself when it runs low on a line."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from django.utils import timezone
from ninja import Query, Router
from pydantic import AfterValidator, Field

from accounts.api_tokens import RENEWALS_READ, RENEWALS_WRITE
from billing import top_up_terms
from billing.models import TopUpRule
from billing.purchases import NotOnSale
from billing.top_up_forms import PERCENTS
from billing.top_up_pages import standing_rule
from billing.top_up_terms import TopUpTerms, WishesUnclear
from esim import carriers
from esim.models import Line
from portal.api.consents import TermsAgreed
from portal.api.door import ApiRequest, Needs
from portal.api.lines import line_in_use
from portal.api.refusals import not_found, refused
from portal.api.renewals import PAY_WITH
from portal.api.shapes import PublicId, Shape, Wish, page_url, problems
from portal.api.top_ups import MaxAmount, MaxTimes, RuleShape, RuleTerms, agree, as_form, cannot_agree, turn_off

router = Router(tags=["what runs low"], by_alias=True)


def _offered(percent: int) -> int:
    if percent not in PERCENTS:
        raise ValueError("Choose one of the percentages that are offered.")
    return percent


Percent = Annotated[int, Field(json_schema_extra={"enum": list(PERCENTS)}), AfterValidator(_offered)]


class LowDataShape(Shape):
    """Whether more data is bought when it runs low; no rule: nothing is."""

    rule: RuleShape | None

    @classmethod
    def of(cls, rule: TopUpRule | None) -> "LowDataShape":
        return cls(rule=RuleShape.of(rule) if rule else None)


class LowDataAsked(Wish):
    """Which data pack is to be bought, when so much of all data on the line is left."""

    plan: PublicId
    low_percent: Percent = 20
    pay_with: Annotated[str, Field(max_length=60, description=PAY_WITH)]
    max_times: MaxTimes = 3
    max_amount: MaxAmount = None


class LowDataWish(LowDataAsked):
    """What is to be bought, and the agreement to exactly that."""

    consent: TermsAgreed


@router.get(
    "/{line_id}/low-data",
    response={200: LowDataShape, **problems(404, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="low_data",
)
def get_low_data(request: ApiRequest, line_id: str) -> Any:
    """Return what is bought when the data of a line runs low."""
    return LowDataShape.of(_rule(line_in_use(request, line_id)))


@router.get(
    "/{line_id}/low-data/terms",
    response={200: RuleTerms, **problems(404, 409, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="low_data_terms",
)
def get_low_data_terms(request: ApiRequest, line_id: str, asked: Annotated[LowDataAsked, Query()]) -> Any:
    """Return the exact words, price and limit that turning it on agrees to, in the language you accept."""
    return RuleTerms.of(_terms(request, line_in_use(request, line_id), asked))


@router.put(
    "/{line_id}/low-data",
    response={200: LowDataShape, **problems(400, 404, 409, 422)},
    auth=Needs(RENEWALS_WRITE),
)
def turn_low_data_on(request: ApiRequest, line_id: str, wish: LowDataWish) -> Any:
    """Have data bought when it runs low, by agreeing to the very terms that were read."""
    line = line_in_use(request, line_id)
    page = page_url("billing:low_data_agree", line.public_id, query=urlencode(as_form(wish)))
    agree(request, _terms(request, line, wish), wish.consent, page=page)
    return LowDataShape.of(_rule(line))


@router.delete("/{line_id}/low-data", response={200: LowDataShape, **problems(404, 422)}, auth=Needs(RENEWALS_WRITE))
def turn_low_data_off(request: ApiRequest, line_id: str) -> Any:
    """Buy no data by itself any more; off already, nothing changes."""
    line = line_in_use(request, line_id)
    if rule := _rule(line):
        turn_off(request, rule)
    return LowDataShape.of(standing_rule(line=line))


def _rule(line: Line) -> TopUpRule | None:
    """Return the rule of a line, if one is on; where nobody sells data packs, there is nothing to ask for."""
    rule = standing_rule(line=line)
    if rule is None and not carriers.chosen().capabilities.data_packs:
        raise not_found()
    return rule


def _terms(request: ApiRequest, line: Line, asked: LowDataAsked) -> TopUpTerms:
    _rule(line)
    try:
        return top_up_terms.data_terms(line=line, user=request.owner, wishes=as_form(asked), now=timezone.now())
    except NotOnSale as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-on-sale", refusal.sentence) from None
    except WishesUnclear as unclear:
        raise cannot_agree(unclear) from None
