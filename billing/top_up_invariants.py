"""What must be true of what is bought by itself, whatever happened; part of `billing.invariants`."""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef

from billing.limits import Month, month_of
from billing.models import Agreement, Charge, LedgerEntry, Order, TopUpRule

LOOKED_BACK = timedelta(days=62)
"""The month that runs and the one before: what was broken earlier has been reported."""
LEASE_DEADLINE = timedelta(hours=1)
WESTMOST, EASTMOST = timedelta(hours=-12), timedelta(hours=14)
"""How far from UTC clocks are at most."""


def purchases_of_rules_are_sold_once(_now: datetime) -> list[str]:
    sold = Order.objects.filter(
        top_up_rule__isnull=False, entries__kind__in=[LedgerEntry.Kind.SOLD, LedgerEntry.Kind.CREDITED]
    ).exclude(
        Exists(LedgerEntry.objects.filter(order=OuterRef("pk"), kind=LedgerEntry.Kind.RETURNED, charge__isnull=True))
    )
    by_purchase = sold.values("top_up_rule__public_id", "top_up_index").annotate(times=Count("pk"))
    return [
        f"purchase {one['top_up_index']} of {one['top_up_rule__public_id']} was sold {one['times']} times"
        for one in by_purchase.filter(times__gt=1)
    ]


def limits_are_kept(now: datetime) -> list[str]:
    """Count what each agreement with limits has led to, by months; not what its subscriber paid on a page.

    Where the line was at home when it paid, nobody wrote down, and its owner may move it: counted is what lies in one
    month wherever that was. Else somebody's journey would look like a charge too many, and stop everybody's.
    """
    by_hand = Charge.objects.filter(order=OuterRef("pk"), state=Charge.State.SUCCEEDED, off_session=False)
    by_itself = (
        Order.objects.exclude(trigger=Order.Trigger.CLICK).exclude(agreement__limits={}).filter(~Exists(by_hand))
    )
    paid = by_itself.filter(agreement__isnull=False, paid_at__gt=now - LOOKED_BACK)
    counted: defaultdict[tuple[Agreement, Month], list[Order]] = defaultdict(list)
    for order in paid.select_related("agreement").order_by("pk"):
        month = _month_everywhere(order.paid_at) if order.paid_at is not None else None
        if order.agreement is not None and month is not None:
            counted[order.agreement, month].append(order)
    return [
        f"agreement {agreement.public_id} allows {agreement.limits} a month, and {len(orders)} orders for "
        f"{sum(one.amount for one in orders)} were paid in the month from {month.begins_at:%Y-%m-%d}"
        for (agreement, month), orders in counted.items()
        # What began before is not all in sight.
        if month.begins_at > now - LOOKED_BACK and _is_passed(agreement, orders)
    ]


def _month_everywhere(moment: datetime) -> Month | None:
    """Return the month of a moment, in UTC, where it is the same one in all zones."""
    westmost, eastmost = moment + WESTMOST, moment + EASTMOST
    is_same = (westmost.year, westmost.month) == (eastmost.year, eastmost.month)
    return month_of(moment, ZoneInfo("UTC")) if is_same else None


def no_rule_is_stuck(now: datetime) -> list[str]:
    stuck = TopUpRule.objects.in_flight(now - LEASE_DEADLINE)
    return [f"top-up rule {rule.public_id} is being charged under a lease that ended" for rule in stuck]


def _is_passed(agreement: Agreement, orders: list[Order]) -> bool:
    spent = sum(order.amount for order in orders if order.currency == agreement.currency)
    max_times, max_amount = agreement.limits.get("max_times"), agreement.limits.get("max_amount")
    return (max_times is not None and len(orders) > max_times) or (max_amount is not None and spent > max_amount)
