"""What lies ahead of a line: when it runs out, what is charged when, and what follows from doing nothing."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import RENEWALS_READ
from billing.foretelling import Foreseen
from billing.order_steps import Step
from billing.timeline_events import Event, What
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.shapes import Amount, Shape, TimePeriod, problems
from portal.dashboard import line_details
from portal.line_timelines import Ahead

router = Router(tags=["auto-renewal"], by_alias=True, auth=Needs(RENEWALS_READ))


class ForeseenCharge(Shape):
    """A charge to come, as the scheduler foretells it: what the balance pays, and what the card pays."""

    price: Amount
    from_balance: Amount
    from_card: Amount
    card: str | None
    second_card: Annotated[str | None, Field(description="Tried at once where the first one says no.")]
    is_covered: bool
    valid_for: TimePeriod

    @classmethod
    def of(cls, look: Foreseen) -> "ForeseenCharge":
        return cls(
            price=Amount.of(look.price),
            from_balance=Amount.of(look.wallet_part),
            from_card=Amount.of(look.card_part),
            card=str(look.card) if look.card else None,
            second_card=str(look.second_card) if look.second_card else None,
            is_covered=look.is_covered,
            valid_for=TimePeriod(start_date_time=look.starts_at, end_date_time=look.ends_at),
        )


class EventShape(Shape):
    """One moment ahead; `charge` where money moves."""

    what: str
    at: datetime
    title: str
    text: str
    charge: ForeseenCharge | None

    @classmethod
    def of(cls, event: Event, step: Step) -> "EventShape":
        look = event.foreseen
        return cls(
            what=event.what,
            at=event.at.astimezone(UTC),
            title=str(step.title),
            text=str(step.text),
            charge=ForeseenCharge.of(look) if look is not None and event.what == What.CHARGE else None,
        )


class TimelineShape(Shape):
    """What lies ahead of a line, as its page says it."""

    outlook: Annotated[str, Field(description="What comes of it if nobody does anything, in a word.")]
    if_you_do_nothing: str
    change_until: Annotated[datetime | None, Field(description="The last moment to change or stop the next charge.")]
    paid_until: datetime | None
    is_stopped: Annotated[bool, Field(description="For now the operator charges nobody by itself.")]
    events: list[EventShape]

    @classmethod
    def of(cls, ahead: Ahead) -> "TimelineShape":
        told = ahead.told
        return cls(
            outlook=told.outlook,
            if_you_do_nothing=ahead.if_nothing,
            change_until=ahead.change_until,
            paid_until=told.paid_until,
            is_stopped=told.is_stopped,
            events=[EventShape.of(event, step) for event, step in zip(told.events, ahead.steps, strict=True)],
        )


@router.get("/{line_id}/timeline", response={200: TimelineShape, **problems(404, 422)}, url_name="timeline")
def get_timeline(request: ApiRequest, line_id: str) -> Any:
    """Return what lies ahead of a line of yours, worked out by the scheduler's own code."""
    line = own_line(request, line_id)
    ahead = line_details(user=request.owner, public_id=line.public_id, now=timezone.now()).ahead
    assert ahead is not None  # noqa: S101 - it is the owner who asks
    return TimelineShape.of(ahead)
