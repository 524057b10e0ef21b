"""How much may be charged by itself in a calendar month: the bounds that subscribers set, and what counts against them.

A charge counts in the month it was paid in; one under way counts now. What was given back since still counts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q

from billing.models import Charge, Order, OrderQuerySet, Subscription, TopUpRule
from portal.lib.money import Money

BY_ITSELF = (Order.Trigger.EXPIRY, Order.Trigger.ANSWER)


class Charged(NamedTuple):
    """One order that counts: whose it is, its price, and when it was paid; None while that is under way."""

    of_id: int
    amount: int
    currency: str
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month somewhere, without its end."""

    begins_at: datetime
    ends_at: datetime

    def has(self, charged: Charged) -> bool:
        return charged.paid_at is None or self.begins_at <= charged.paid_at < self.ends_at


def month_of(moment: datetime, zone: ZoneInfo) -> Month:
    """Return the month that a moment lies in, on the calendar of a zone."""
    local = moment.astimezone(zone)
    year, month = local.year + local.month // 12, local.month % 12 + 1
    begins, ends = datetime(local.year, local.month, 1, tzinfo=zone), datetime(year, month, 1, tzinfo=zone)
    return Month(begins.astimezone(UTC), ends.astimezone(UTC))


def reached(dues: Iterable[tuple[Subscription, datetime]]) -> dict[int, datetime]:
    """Return, by id, when the auto-renewals go on that would pass their limit at their moments. One query, or none."""
    limited = {one: at for one, at in dues if one.max_times is not None or one.max_amount is not None}
    months = {one.pk: month_of(at, one.line.zone) for one, at in limited.items()}
    lines = [one.line_id for one in limited]
    renewals = Order.objects.filter(line__in=lines, subscription__in=months, trigger__in=BY_ITSELF)
    # What is judged is that very period: its own refused order, also while somebody pays it, is not one more.
    renewals = renewals.exclude(state=Order.State.PENDING, period_index=F("subscription__period_index"))
    charged = _charged(renewals, whose="subscription", months=months)
    return {
        one.pk: months[one.pk].ends_at
        for one in limited
        if is_passed(one.agreed_price, charged[one.pk], max_times=one.max_times, max_amount=one.max_amount)
    }


def rules_reached(rules: Collection[TopUpRule], *, now: datetime) -> dict[int, datetime]:
    """Return, by id, when the top-up rules go on that would pass their limit now. One query."""
    months = {rule.pk: month_of(now, rule.zone) for rule in rules}
    charged = _charged(Order.objects.filter(top_up_rule__in=months), whose="top_up_rule", months=months)
    return {
        rule.pk: months[rule.pk].ends_at
        for rule in rules
        if is_passed(rule.agreed_price, charged[rule.pk], max_times=rule.max_times, max_amount=rule.max_amount)
    }


def this_month(rule: TopUpRule, *, now: datetime) -> list[Charged]:
    """Return what counts against the limits of a rule at this moment. One query."""
    months = {rule.pk: month_of(now, rule.zone)}
    return _charged(Order.objects.filter(top_up_rule=rule), whose="top_up_rule", months=months)[rule.pk]


def is_passed(price: Money, charged: Iterable[Charged], *, max_times: int | None, max_amount: int | None) -> bool:
    """Tell whether one more charge at this price would pass a limit; money in another currency counts as a time only."""
    counted = list(charged)
    spent = sum(one.amount for one in counted if one.currency == price.currency)
    too_often = max_times is not None and len(counted) + 1 > max_times
    return too_often or (max_amount is not None and spent + price.minor > max_amount)


def _charged(orders: OrderQuerySet, *, whose: str, months: dict[int, Month]) -> defaultdict[int, list[Charged]]:
    found: defaultdict[int, list[Charged]] = defaultdict(list)
    if not months:
        return found
    first = min(month.begins_at for month in months.values())
    under_way = Q(Exists(Charge.objects.open().filter(order=OuterRef("pk"))), state=Order.State.PENDING)
    rows = orders.filter(Q(paid_at__gte=first) | under_way)
    for row in rows.values_list(F(f"{whose}_id"), "amount", "currency", "paid_at"):
        charged = Charged(*row)
        if months[charged.of_id].has(charged):
            found[charged.of_id].append(charged)
    return found
