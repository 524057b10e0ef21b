"""What the pages about invitations show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import referrals
from accounts.models import Referral, User
from billing.models import ReferralCredit, ReferralReward
from portal.lib.money import Money

SHOWN = 50
State = ReferralCredit.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody who came: nothing of who they are, for that is theirs to tell."""

    joined_at: datetime
    kind: str
    state: str | Promise
    money: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferPage:
    """The reader's link, what it earns in their currency, and who came by it."""

    link: str
    reward: ReferralReward | None
    stands_after: timedelta
    invited: Sequence[Invited]


def reward_in(currency: str) -> ReferralReward | None:
    """Return what both get in a currency; None where nothing is offered."""
    return ReferralReward.objects.filter(currency=currency, is_on=True).first()


def refer_page(reader: User) -> ReferPage:
    code = referrals.code_of(reader)
    came = Referral.objects.owned_by(reader).select_related("credit").order_by("-joined_at", "-pk")
    return ReferPage(
        link=f"{settings.PORTAL_BASE_URL}{reverse('billing:invited', args=[code])}" if code else "",
        reward=reward_in(reader.currency),
        stands_after=settings.PORTAL_REFUND_WINDOW,
        invited=[_invited(referral) for referral in came[:SHOWN]],
    )


def _invited(referral: Referral) -> Invited:
    credit = getattr(referral, "credit", None)
    if credit is None:
        return Invited(joined_at=referral.joined_at, kind="neutral", state=_("Waits for a first purchase"), money=None)
    if credit.state == State.GRANTED:
        money = Money(credit.referrer_amount, credit.currency)
        return Invited(joined_at=referral.joined_at, kind="success", state=_("Rewarded"), money=money)
    state = _("Taken back") if credit.state == State.REVERSED else _("No reward")
    return Invited(joined_at=referral.joined_at, kind="warning", state=state, money=None)
