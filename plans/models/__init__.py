from plans.models.plans import Plan, PlanQuerySet
from plans.models.prices import PlanPrice, PlanPriceQuerySet

__all__ = ["Plan", "PlanPrice", "PlanPriceQuerySet", "PlanQuerySet"]
