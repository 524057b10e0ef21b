from plans.models.announcements import Announcement, AnnouncementDismissal, AnnouncementQuerySet
from plans.models.coupons import Coupon, CouponCode
from plans.models.plans import Plan, PlanQuerySet
from plans.models.prices import PlanPrice, PlanPriceQuerySet
from plans.models.promotions import Promotion, PromotionQuerySet

__all__ = [
    "Announcement",
    "AnnouncementDismissal",
    "AnnouncementQuerySet",
    "Coupon",
    "CouponCode",
    "Plan",
    "PlanPrice",
    "PlanPriceQuerySet",
    "PlanQuerySet",
    "Promotion",
    "PromotionQuerySet",
]
