"""Whom the demo's subscriber invited: somebody who stayed, somebody who was no one new, somebody who looks around."""

from datetime import datetime, timedelta

from accounts import referrals
from accounts.models import User
from billing.models import ReferralReward
from billing.referral_credits import settle_referrals
from portal.demo.price_list import CURRENCIES
from portal.demo.shopping import GOOD_CARD, Shop

ANOTHER_CARD = "7726"
PLAN = "europe-1gb-7day"
WITHIN = timedelta(days=14)
REFERRER_CENTS, NEWCOMER_CENTS = 500, 300


def offer_rewards() -> None:
    """Offer about five dollars for inviting, and three for coming."""
    for currency, (rate, step) in CURRENCIES.items():
        amounts = {
            "referrer_amount": _rounded(REFERRER_CENTS * rate, step),
            "newcomer_amount": _rounded(NEWCOMER_CENTS * rate, step),
        }
        ReferralReward.objects.get_or_create(currency=currency, defaults={**amounts, "is_on": True})


def invite_people(referrer: User, shop: Shop, *, now: datetime) -> None:
    code = referrals.make_code(user=referrer, device="", ip=None, now=now - timedelta(days=40))
    friend = _join("ines@example.com", "Ines Duarte", code=code, at=now - timedelta(days=33))
    shop.buy(friend, PLAN, nickname="Porto", at=now - timedelta(days=32), card=ANOTHER_CARD)
    oneself = _join("demo+again@example.com", "Mei L.", code=code, at=now - timedelta(days=30))
    shop.buy(oneself, PLAN, nickname="Second", at=now - timedelta(days=29), card=GOOD_CARD)
    settle_referrals(within=WITHIN, now=now - timedelta(days=14))
    _join("noah@example.com", "Noah Berg", code=code, at=now - timedelta(days=2))


def _join(email: str, name: str, *, code: str, at: datetime) -> User:
    """Register somebody who can't sign in to the demo: nobody knows a password."""
    newcomer = User.objects.create_user(email, None, full_name=name, created_at=at)
    referrals.join(newcomer=newcomer, code=code, device="", now=at)
    return newcomer


def _rounded(amount: float, step: int) -> int:
    return max(step, round(amount / step) * step)
