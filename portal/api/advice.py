"""Which plan would have suited a line: its own days, replayed against everything on sale."""

from datetime import date
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import USAGE_READ
from billing import advising
from plans.advice_words import Advice, Advised
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.shapes import Amount, Reference, Shape, Wish, href, problems

router = Router(tags=["usage"], by_alias=True, auth=Needs(USAGE_READ))


class AdvisedShape(Shape):
    """What one plan would have come to on the days that were looked at."""

    product_offering: Reference
    cost: Amount
    price: Annotated[Amount, Field(description="For each period.")]
    to_pay: Annotated[Amount, Field(description="What is asked for it today.")]
    is_present: bool
    fits: bool
    periods: int
    data_packs: int
    days_slow: int
    days_without_data: int
    days_without_calls: int
    days_without_sms: int
    wasted_bytes: Annotated[int, Field(description="What was paid for and lapsed.")]

    @classmethod
    def of(cls, one: Advised) -> "AdvisedShape":
        found = one.outcome
        name = found.plan.terms.label
        return cls(
            product_offering=Reference(id=one.public_id, href=href("plan", one.public_id), name=name),
            cost=Amount.of(one.cost),
            price=Amount.of(one.price),
            to_pay=Amount.of(one.to_pay),
            is_present=one.is_present,
            fits=found.fits,
            periods=found.periods,
            data_packs=found.all_packs,
            days_slow=found.days_slow,
            days_without_data=found.days_without_data,
            days_without_calls=found.days_without_calls,
            days_without_sms=found.days_without_sms,
            wasted_bytes=found.wasted_bytes,
        )


class AdviceShape(Shape):
    """The plans, the best first; with too little use to go by there are none."""

    confidence: Annotated[str, Field(description="too_little, rough, fair or good")]
    since: date | None
    until: date | None
    used_bytes: int
    minutes: int
    sms: int
    items: list[AdvisedShape]
    left_out: Annotated[int, Field(description="How many more would have fitted.")]

    @classmethod
    def of(cls, advice: Advice) -> "AdviceShape":
        return cls(
            confidence=advice.confidence,
            since=advice.first if advice.days else None,
            until=advice.last if advice.days else None,
            used_bytes=advice.used_bytes,
            minutes=advice.minutes,
            sms=advice.sms,
            items=[AdvisedShape.of(one) for one in [*advice.fitting, *advice.falling_short]],
            left_out=advice.left_out,
        )


class AdviceAsked(Wish):
    """Where the line is used; without a country a plan has to work wherever the present one does."""

    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="An ISO 3166 code, such as FR.")] = None


@router.get("/{line_id}/advice", response={200: AdviceShape, **problems(404, 422)}, url_name="advice")
def get_advice(request: ApiRequest, line_id: str, asked: Annotated[AdviceAsked, Query()]) -> Any:
    """Rank the plans for a line of yours by what its own days would have cost."""
    line, currency = own_line(request, line_id), request.owner.currency
    country = asked.country or ""
    advice, _present = advising.advice_for(line=line, currency=currency, country=country, now=timezone.now())
    return AdviceShape.of(advice)
