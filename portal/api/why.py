"""Why something was charged: what set it off, what was agreed to, and who had been told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from accounts.api_tokens import ORDERS_READ
from billing.models import Agreement
from billing.order_steps import Step
from billing.why import Explanation, PriceVersion, explanation_of
from portal.api.door import ApiRequest, Needs
from portal.api.orders import own_order
from portal.api.references import to_order
from portal.api.shapes import Amount, Reference, Shape, problems

router = Router(tags=["orders"], by_alias=True, auth=Needs(ORDERS_READ))


class StepShape(Shape):
    """Something that happened, or was told, in words; the time is by the owner's clock."""

    state: str
    title: str
    text: str
    when: str

    @classmethod
    def of(cls, step: Step) -> "StepShape":
        return cls(state=step.state, title=str(step.title), text=str(step.text), when=step.at)


class AgreementShape(Shape):
    """What was agreed to, word for word and to the cent."""

    text: str
    terms_version: str
    price: Amount
    paid_with: str
    agreed_at: datetime

    @classmethod
    def of(cls, agreed: Agreement) -> "AgreementShape":
        return cls(
            text=agreed.text,
            terms_version=agreed.version,
            price=Amount.of(agreed.price),
            paid_with=agreed.paid_with,
            agreed_at=agreed.agreed_at,
        )


class ListedPrice(Shape):
    """The price on the list when the order was placed, and since when it counted."""

    price: Amount
    since: datetime
    is_agreed: bool

    @classmethod
    def of(cls, listed: PriceVersion) -> "ListedPrice":
        return cls(price=Amount.of(listed.money), since=listed.since, is_agreed=listed.is_agreed)


class ExplanationShape(Shape):
    """Everything that led to an order. There is no agreement behind a click."""

    order: Reference
    is_automatic: bool
    because: str
    outcome: str
    rule: Annotated[str | None, Field(description="What bought it, if nobody clicked.")]
    is_rule_on: bool
    agreement: AgreementShape | None
    listed: ListedPrice | None
    attempts: list[StepShape]
    notices: Annotated[list[StepShape], Field(description="Who was told before, and how.")]

    @classmethod
    def of(cls, why: Explanation) -> "ExplanationShape":
        return cls(
            order=to_order(why.order),
            is_automatic=why.is_automatic,
            because=why.because,
            outcome=why.outcome,
            rule=why.rule or None,
            is_rule_on=why.is_rule_on,
            agreement=AgreementShape.of(why.agreement) if why.agreement else None,
            listed=ListedPrice.of(why.price) if why.price else None,
            attempts=steps(why.attempts),
            notices=steps(why.notices),
        )


def steps(told: Iterable[Step]) -> list[StepShape]:
    return [StepShape.of(step) for step in told]


@router.get("/{order_id}/why", response={200: ExplanationShape, **problems(404, 422)}, url_name="why")
def get_why(request: ApiRequest, order_id: str) -> Any:
    """Say why something was charged: what set it off, what was agreed to, at which price, and who had been told."""
    return ExplanationShape.of(explanation_of(own_order(request, order_id)))
