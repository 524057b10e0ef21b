"""How the auto-renewal of a line stands, as its page says it."""

from datetime import datetime
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from billing import renewal_pages
from billing.card_refusals import Refusal
from billing.declines import explain
from billing.models import Subscription
from billing.renewal_pages import Question
from billing.term_changes import Change
from billing.ways_to_pay import source_of
from esim.models import Line
from portal.api.door import ApiRequest
from portal.api.references import to_plan
from portal.api.shapes import Amount, Reference, Shape


class ChangeShape(Shape):
    """One term that is another one now than was agreed to, in words."""

    what: str
    agreed: str
    now: str

    @classmethod
    def of(cls, change: Change) -> "ChangeShape":
        return cls(what=str(change.label), agreed=change.old, now=change.new)


class RefusalShape(Shape):
    """What one card, or the balance, answered last to the renewal that waits."""

    card: str
    problem: str

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalShape":
        return cls(card=refusal.card, problem=str(explain(refusal.code).sentence))


class QuestionShape(Shape):
    """The question before a renewal in mode `ask`; it is answered from `askAt` until `endsAt`."""

    ask_at: datetime
    ends_at: datetime
    was_asked: bool
    said_yes: bool

    @classmethod
    def of(cls, question: Question) -> "QuestionShape":
        return cls(
            ask_at=question.ask_at,
            ends_at=question.ends_at,
            was_asked=question.was_asked,
            said_yes=question.said_yes,
        )


class RenewalShape(Shape):
    """How the auto-renewal of a line stands."""

    mode: str
    state: str = "active"
    problem: Annotated[str | None, Field(description="Why it does not go on, in plain words.")] = None
    product_offering: Reference | None = None
    price: Amount | None = None
    pay_with: str | None = None
    backup: Annotated[str | None, Field(description="The card that is tried where the first one says no.")] = None
    max_times: int | None = None
    max_amount: Amount | None = None
    next_charge: Annotated[
        datetime | None,
        Field(description="When it is charged next if nobody does anything; null where something stands in the way."),
    ] = None
    refusals: list[RefusalShape] = []
    next_tries: Annotated[list[datetime], Field(description="When a refused renewal is tried again.")] = []
    changes: Annotated[list[ChangeShape], Field(description="What has changed since the agreement.")] = []
    question: QuestionShape | None = None
    agreed_text: str | None = None
    terms_version: str | None = None


def standing_of(request: ApiRequest, line: Line) -> RenewalShape:
    """Return how a line renews, from what its page shows."""
    page = renewal_pages.standing(line=line, user=request.owner, wishes={}, kinds=(), now=timezone.now())
    subscription: Subscription | None = page["subscription"]
    if subscription is None:
        return RenewalShape(mode=Subscription.Mode.OFF)
    state, coming = subscription.state, page["coming"]
    problem = page["problem"] if state != Subscription.State.ACTIVE else None
    agreed, question = subscription.agreement, page["question"]
    return RenewalShape(
        mode=subscription.mode,
        state=state,
        problem=str(problem) if problem else None,
        product_offering=to_plan(subscription.plan),
        price=Amount.of(subscription.agreed_price),
        pay_with=source_of(subscription),
        backup=subscription.backup_method.public_id if subscription.backup_method else None,
        max_times=subscription.max_times,
        max_amount=Amount.of(page["limit"]) if page["limit"] else None,
        next_charge=coming.at if coming is not None and coming.charges else None,
        refusals=[RefusalShape.of(one) for one in page["refusals"]],
        next_tries=page["tries"],
        changes=[ChangeShape.of(one) for one in page["changes"]],
        question=QuestionShape.of(question) if question else None,
        agreed_text=agreed.text if agreed else None,
        terms_version=agreed.version if agreed else None,
    )
