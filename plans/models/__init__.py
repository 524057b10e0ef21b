from plans.models.announcements import Announcement, AnnouncementDismissal, AnnouncementQuerySet
from plans.models.coupons import Coupon, CouponCode
from plans.models.plans import Plan, PlanQuerySet
from plans.models.prices import PlanPrice, PlanPriceQuerySet
from plans.models.promotions import Promotion, PromotionQuerySet
from plans.models.terms import SoldTerms

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
    "SoldTerms",
]
