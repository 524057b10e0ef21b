"""What happened on an account, the latest first: the trail, with the payments among it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import ACCOUNT_READ
from portal.api.cursors import cursor_at, moment_in
from portal.api.door import ApiRequest, Needs
from portal.api.shapes import Amount, Page, Shape, Wish, page_of, problems
from portal.privacy import activity

router = Router(tags=["account"], by_alias=True, auth=Needs(ACCOUNT_READ))


class HappeningShape(Shape):
    """Something that happened; `amount` and `order` are there for payments."""

    at: datetime
    what: str
    ip_address: str | None
    reason: Annotated[str | None, Field(description="Why staff did it, where they have to say.")]
    amount: Amount | None
    order: Annotated[str | None, Field(description="The id of the order that was paid.")]

    @classmethod
    def of(cls, one: activity.Happening) -> "HappeningShape":
        return cls(
            at=one.at,
            what=one.label,
            ip_address=one.ip_address,
            reason=one.reason or None,
            amount=Amount.of(one.money) if one.money else None,
            order=one.order_id or None,
        )


class PartOfActivity(Wish):
    """Which part of it; about 30 at a time."""

    part: Literal["sign-in", "lines", "money", "support"] | None = None
    cursor: Annotated[str | None, Field(max_length=200, description="`nextCursor` of the part before.")] = None


@router.get("/activity", response={200: Page[HappeningShape], **problems(404, 422)}, url_name="activity")
def list_activity(request: ApiRequest, part: Annotated[PartOfActivity, Query()]) -> Any:
    """Return what happened on your account: what you see under Settings, All activity."""
    wanted, before = activity.Part(part.part or ""), moment_in(part.cursor)
    page = activity.page_of(request.owner, part=wanted, before=before)
    return page_of([HappeningShape.of(one) for one in page.happenings], cursor_at(page.older))
