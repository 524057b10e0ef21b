"""Where staff follow money: everything is read-only, and what may be done has a name of its own."""

from billing.admin import (
    coupons,
    discrepancies,
    disputes,
    events,
    invariants,
    invoices,
    leftovers,
    money,
    offers,
    orders,
    pay_links,
    payouts,
    queue_and_referrals,
    refunds,
    subscriptions,
    top_ups,
)

__all__ = [
    "coupons",
    "discrepancies",
    "disputes",
    "events",
    "invariants",
    "invoices",
    "leftovers",
    "money",
    "offers",
    "orders",
    "pay_links",
    "payouts",
    "queue_and_referrals",
    "refunds",
    "subscriptions",
    "top_ups",
]
