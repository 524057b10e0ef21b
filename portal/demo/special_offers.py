"""What the demo takes off its prices: promotions that run, a public code, and letters with a code each."""

from datetime import datetime, timedelta

from plans import catalogue
from plans.coupon_codes import make_codes
from plans.models import Coupon, CouponCode, Promotion

PUBLIC_CODE = "WELCOME10"
THANKS = "THANKYOU"


def make_offers(*, now: datetime) -> None:
    """Make the offers, unless they are there; they began lately, so that what was bought before cost the full price."""
    if Coupon.objects.exists():
        return
    _promotions(now)
    welcome = Coupon.objects.create(
        slug="welcome",
        name="Welcome: 10% off",
        name_zh_hans="欢迎礼：九折",
        name_zh_hant="迎新優惠：九折",
        percent=10,
        max_uses=1000,
        active_from=now - timedelta(days=90),
        active_until=now + timedelta(days=90),
    )
    CouponCode.objects.create(coupon=welcome, code=PUBLIC_CODE, max_uses=None, created_at=welcome.active_from)
    thanks = Coupon.objects.create(
        slug="thank-you",
        name="Thank you for your patience",
        name_zh_hans="感谢您的耐心等待",
        name_zh_hant="感謝您的耐心等候",
        kind=Coupon.Kind.AMOUNT,
        amounts={"USD": 300, "EUR": 280, "CNY": 2000, "TWD": 9000, "JPY": 450},
        minimums={"USD": 1000, "EUR": 900, "CNY": 7000, "TWD": 30000, "JPY": 1500},
        active_from=now - timedelta(days=90),
    )
    CouponCode.objects.create(coupon=thanks, code=THANKS, max_uses=5, created_at=thanks.active_from)
    make_codes(coupon=thanks, count=20, prefix="THANKS", batch="letters", now=now)
    catalogue.forget()


def _promotions(now: datetime) -> None:
    Promotion.objects.create(
        slug="summer-down-under",
        name="Summer down under: 20% off",
        name_zh_hans="南半球之夏：八折",
        name_zh_hant="南半球之夏：八折",
        percent=20,
        regions=["oceania"],
        active_from=now - timedelta(days=2),
        active_until=now + timedelta(days=19),
        position=1,
    )
    Promotion.objects.create(
        slug="thirteen-for-twelve",
        name="Buy 12 months, get 1 free",
        name_zh_hans="买十二个月送一个月",
        name_zh_hant="買十二個月送一個月",
        kind=Promotion.Kind.BUY_GET,
        buy_count=12,
        free_count=1,
        period_unit="month",
        plan_codes=["greater-china-180gb-1year"],
        active_from=now - timedelta(days=2),
        position=2,
    )
