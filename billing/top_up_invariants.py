"""What must be true of what is bought by itself, whatever happened; part of `billing.invariants`."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef

from billing.limits import Month, month_of
from billing.models import Agreement, LedgerEntry, Order, TopUpRule

LOOKED_BACK = timedelta(days=62)
"""The month that runs and the one before: what was broken earlier has been reported."""
LEASE_DEADLINE = timedelta(hours=1)


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
    """Count what each agreement with limits has led to, by the months of its line, or of its owner."""
    by_itself = Order.objects.exclude(trigger=Order.Trigger.CLICK).exclude(agreement__limits={})
    paid = by_itself.filter(agreement__isnull=False, paid_at__gt=now - LOOKED_BACK)
    counted: defaultdict[tuple[Agreement, Month], list[Order]] = defaultdict(list)
    for order in paid.select_related("agreement", "line", "owner").order_by("pk"):
        zone = order.line.zone if order.line else order.owner.zone
        if order.agreement is not None and order.paid_at is not None:
            counted[order.agreement, month_of(order.paid_at, zone)].append(order)
    return [
        f"agreement {agreement.public_id} allows {agreement.limits} a month, and {len(orders)} orders for "
        f"{sum(one.amount for one in orders)} were paid in the month from {month.begins_at:%Y-%m-%d}"
        for (agreement, month), orders in counted.items()
        # What began before is not all in sight.
        if month.begins_at > now - LOOKED_BACK and _is_passed(agreement, orders)
    ]


def no_rule_is_stuck(now: datetime) -> list[str]:
    stuck = TopUpRule.objects.in_flight(now - LEASE_DEADLINE)
    return [f"top-up rule {rule.public_id} is being charged under a lease that ended" for rule in stuck]


def _is_passed(agreement: Agreement, orders: list[Order]) -> bool:
    spent = sum(order.amount for order in orders if order.currency == agreement.currency)
    max_times, max_amount = agreement.limits.get("max_times"), agreement.limits.get("max_amount")
    return (max_times is not None and len(orders) > max_times) or (max_amount is not None and spent > max_amount)
