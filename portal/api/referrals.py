"""Inviting others: one's own link, what it earns, and who came by it.

The link is made on its page: it belongs to the device it is made on, so that nobody invites themselves.
"""

from datetime import datetime
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from accounts.api_tokens import BALANCE_READ
from billing.models import ReferralReward
from billing.referral_pages import Invited, refer_page
from portal.api.door import ApiRequest, Needs
from portal.api.shapes import Amount, Shape, page_url, problems
from portal.lib.money import Money

router = Router(tags=["balance"], by_alias=True, auth=Needs(BALANCE_READ))


class RewardShape(Shape):
    """What both get, in the currency of the account."""

    for_you: Amount
    for_them: Amount

    @classmethod
    def of(cls, reward: ReferralReward) -> "RewardShape":
        return cls(
            for_you=Amount.of(Money(reward.referrer_amount, reward.currency)),
            for_them=Amount.of(Money(reward.newcomer_amount, reward.currency)),
        )


class InvitedShape(Shape):
    """Somebody who came: nothing of who they are, for that is theirs to tell."""

    joined_at: datetime
    state: str
    reward: Amount | None

    @classmethod
    def of(cls, one: Invited) -> "InvitedShape":
        return cls(joined_at=one.joined_at, state=str(one.state), reward=Amount.of(one.money) if one.money else None)


class ReferralsShape(Shape):
    link: Annotated[str | None, Field(description="null: none was made yet; `page` makes one.")]
    page: str
    reward: Annotated[RewardShape | None, Field(description="null: nothing is offered at present.")]
    invited: Annotated[list[InvitedShape], Field(description="The latest 50.")]


@router.get("/referrals", response={200: ReferralsShape, **problems(422)}, url_name="referrals")
def get_referrals(request: ApiRequest) -> Any:
    """Return your link for inviting others, what it earns, and who came by it."""
    page = refer_page(request.owner)
    return ReferralsShape(
        link=page.link or None,
        page=page_url("billing:refer"),
        reward=RewardShape.of(page.reward) if page.reward else None,
        invited=[InvitedShape.of(one) for one in page.invited],
    )
