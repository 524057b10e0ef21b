"""How many lines were left without a plan lately: what their subscribers did instead of renewing nobody knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.core.cache import cache
from django.db.models import Count, Max, Q

from esim.models import Allowance

DAYS = 30
KEPT_SECONDS = 3600
"""It reads every plan of the last weeks, and says nothing else a minute later."""


@dataclass(frozen=True, slots=True)
class Churn:
    """Of `had` lines with a plan when the time began, `lost` have none now."""

    lost: int
    had: int

    @property
    def percent(self) -> int | None:
        return self.lost * 100 // self.had if self.had else None


def churn(now: datetime) -> Churn:
    """Count over the last 30 days; up to an hour old."""
    key = "admin:churn"
    known = cache.get(key)
    if known is None:
        known = count_churn(now)
        cache.set(key, known, KEPT_SECONDS)
    return cast("Churn", known)


def count_churn(now: datetime) -> Churn:
    """Count lines that had a plan 30 days ago, and those of them that have none now. One query."""
    began = now - timedelta(days=DAYS)
    plans = Allowance.objects.filter(is_data_pack=False, taken_back_at=None, ends_at__gt=began)
    had_one = Count("pk", filter=Q(starts_at__lte=began))
    lines = plans.values("line").annotate(last=Max("ends_at"), had=had_one).filter(had__gt=0)
    counts = lines.order_by().aggregate(of=Count("line"), lost=Count("line", filter=Q(last__lte=now)))
    return Churn(lost=counts["lost"], had=counts["of"])
