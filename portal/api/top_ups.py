"""What top-up rules have in common: how one stands, and agreeing to one, as on their pages."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from billing import gateways, paying, top_up_pages, top_up_rules
from billing.models import TopUpRule
from billing.paying import StillBeingChecked
from billing.top_up_consent import VERSION
from billing.top_up_rules import BeingBought
from billing.top_up_terms import TopUpTerms, WishesUnclear
from billing.ways_to_pay import source_of
from portal.api.consents import DECIMAL, TermsAgreed, TermsToRead, hold_against
from portal.api.door import ApiRequest
from portal.api.proofs import AGREED, refuse_above_limit
from portal.api.references import to_plan
from portal.api.refusals import refused, refused_form
from portal.api.renewal_shapes import ChangeShape
from portal.api.shapes import Amount, Reference, Shape, Wish
from portal.lib.problems import Problem

MaxTimes = Annotated[int, Field(ge=1, le=31, description="Times a month, at most.")]
MaxAmount = Annotated[
    str | None, Field(pattern=DECIMAL, description="Money a month, at most; left out, the price times `maxTimes`.")
]


class RuleShape(Shape):
    """A rule that buys by itself what runs low, and what it has bought this month."""

    id: str
    state: str
    problem: Annotated[str | None, Field(description="Why it does not go on, in plain words.")]
    wait_until: Annotated[datetime | None, Field(description="Until when its limit, or a refusal, holds it.")]
    product_offering: Annotated[Reference | None, Field(description="What is bought; money has none.")]
    low_percent: int | None
    low_mark: Amount | None
    price: Amount
    pay_with: str
    max_times: int
    max_amount: Amount
    times_this_month: int
    spent_this_month: Amount
    changes: list[ChangeShape]
    agreed_text: str
    terms_version: str

    @classmethod
    def of(cls, rule: TopUpRule) -> "RuleShape":
        standing = top_up_pages.how_it_stands(rule, now=timezone.now())
        return cls(
            id=rule.public_id,
            state=rule.state,
            problem=standing.problem or None,
            wait_until=rule.wait_until,
            product_offering=to_plan(rule.plan) if rule.plan else None,
            low_percent=rule.low_percent,
            low_mark=Amount.of(rule.low_mark) if rule.low_mark else None,
            price=Amount.of(rule.agreed_price),
            pay_with=source_of(rule),
            max_times=rule.max_times,
            max_amount=Amount.of(rule.most_a_month),
            times_this_month=standing.times,
            spent_this_month=Amount.of(standing.spent),
            changes=[ChangeShape.of(one) for one in standing.changes],
            agreed_text=rule.agreement.text,
            terms_version=rule.agreement.version,
        )


class RuleTerms(TermsToRead):
    """What turning a rule on would agree to."""

    max_amount: Annotated[Amount, Field(description="What may be spent by it in a month.")]

    @classmethod
    def of(cls, terms: TopUpTerms) -> "RuleTerms":
        return cls(
            text=terms.sentence,
            terms_version=VERSION,
            price=Amount.of(terms.price),
            max_amount=Amount.of(terms.most),
        )


def agree(request: ApiRequest, terms: TopUpTerms, consent: TermsAgreed, *, page: str) -> None:
    """Turn a rule on, if exactly its terms were agreed to; `page` is where its owner does it above the limit."""
    hold_against(consent, price=terms.price, version=VERSION, text=terms.sentence)
    refuse_above_limit(terms.price, detail=AGREED, page=page)
    refuse_if_locked(request.owner)
    given, now = terms.consent(ip=client_ip(request)), timezone.now()
    try:
        paying.free_refused(top_up_rules.orders_before(given), gateways=gateways.by_name(), now=now)
        top_up_rules.turn_on(consent=given, actor=request.owner, now=now)
    except (BeingBought, StillBeingChecked) as refusal:
        raise refused(HTTPStatus.CONFLICT, "under-way", refusal.sentence, headers={"Retry-After": "60"}) from None


def turn_off(request: ApiRequest, rule: TopUpRule) -> None:
    """Buy nothing more by a rule."""
    top_up_rules.turn_off(rule=rule, actor=request.owner, ip=client_ip(request), now=timezone.now())


def as_form(wish: Wish) -> dict[str, str]:
    """Return what the form of the page would send."""
    sent = wish.model_dump(exclude={"consent"})
    sent["source"] = sent.pop("pay_with")
    return {name: str(value) for name, value in sent.items() if value is not None}


def cannot_agree(unclear: WishesUnclear) -> Problem:
    """Return the refusal of what can't be agreed to, field by field."""
    return refused_form(unclear.form, "cannot-agree", named={"source": "payWith"})
