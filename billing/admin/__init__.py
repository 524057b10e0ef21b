"""Where staff follow money: everything is read-only, and what may be done has a name of its own."""

from billing.admin import discrepancies, events, money, orders, subscriptions

__all__ = ["discrepancies", "events", "money", "orders", "subscriptions"]
