"""The front page of the staff site: what needs a person, and how the day goes."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_skeleton
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, gettext, to_locale

from accounts import response_times
from accounts.models import User
from billing.models import LedgerEntry, Order, Subscription
from portal.admin_attention import needs_a_person
from portal.churn import churn
from portal.lib.money import Money

DAYS = 7
CHARTS = 3
"""Currencies drawn; the table names them all."""


@dataclass(frozen=True, slots=True)
class Sales:
    """What was sold in one currency on each of the last days, today last."""

    currency: str
    days: list[date]
    amounts: list[Money]

    @property
    def today(self) -> Money:
        return self.amounts[-1]

    @property
    def week(self) -> Money:
        return sum(self.amounts, Money.zero(self.currency))

    @property
    def chart(self) -> str:
        """Return the bars for Chart.js, which draws numbers; nothing is computed from them."""
        locale = to_locale(get_language() or "en")
        return json.dumps(
            {
                "labels": [format_skeleton("MMMd", day, locale=locale) for day in self.days],
                "datasets": [
                    {
                        "label": self.currency,
                        "data": [float(amount.decimal) for amount in self.amounts],
                        "backgroundColor": "var(--color-primary-600)",
                        "maxBarThickness": 28,
                        "borderRadius": 4,
                    }
                ],
            }
        )


@dataclass(frozen=True, slots=True)
class Renewals:
    """How many renewals the next day brings, and how those of the last week ended."""

    due: int
    tried: int
    paid: int

    @property
    def percent(self) -> int | None:
        return self.paid * 100 // self.tried if self.tried else None


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to Unfold's context what the front page shows this member of staff."""
    user, now = request.user, timezone.now()
    if not isinstance(user, User):
        return context
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    figures: dict[str, Any] = {"title": gettext("Overview"), "attention": needs_a_person(user, now)}
    if user.has_perm("billing.view_ledgerentry"):
        sales = sales_by_currency(today)
        figures |= {"sales": sales, "charts": sales[:CHARTS]}
    if user.has_perm("billing.view_order"):
        figures["orders_today"] = Order.objects.filter(paid_at__gte=today).count()
    if user.has_perm("accounts.view_user"):
        figures["new_subscribers"] = User.objects.filter(created_at__gte=today, is_staff=False).count()
    if user.has_perm("accounts.view_ticket"):
        figures["answers"] = response_times.figures(since=now - response_times.WINDOW)
    if user.has_perm("billing.view_subscription"):
        figures["renewals"] = renewals(now)
        figures["churn"] = churn(now)
    return {**context, **figures}


def sales_by_currency(today: datetime) -> list[Sales]:
    """Return the books' sales of the last days by currency, the currency with most sales first."""
    begins = today - timedelta(days=DAYS - 1)
    rows = (
        LedgerEntry.objects.filter(kind=LedgerEntry.Kind.SOLD, at__gte=begins)
        .values("currency", day=TruncDate("at", tzinfo=today.tzinfo))
        .annotate(total=Sum("amount"), entries=Count("pk"))
        .order_by()
    )
    days = [(begins + timedelta(days=n)).date() for n in range(DAYS)]
    totals: dict[str, dict[date, int]] = defaultdict(dict)
    entries: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["currency"]][row["day"]] = row["total"]
        entries[row["currency"]] += row["entries"]
    return [
        Sales(code, days, [Money(totals[code].get(day, 0), code) for day in days])
        for code in sorted(totals, key=lambda code: (-entries[code], code))
    ]


def renewals(now: datetime) -> Renewals:
    """Count what is due within a day, and how automatic renewals of the last week ended."""
    due = Subscription.objects.filter(
        mode__in=Subscription.Mode.ON,
        state__in=[Subscription.State.ACTIVE, Subscription.State.PAST_DUE],
        charge_due_at__lte=now + timedelta(days=1),
    ).count()
    ended = Order.objects.filter(subscription__isnull=False, created_at__gte=now - timedelta(days=DAYS)).aggregate(
        tried=Count("pk"), paid=Count("pk", filter=Q(paid_at__isnull=False))
    )
    return Renewals(due=due, tried=ended["tried"], paid=ended["paid"])
