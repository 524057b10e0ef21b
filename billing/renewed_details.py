"""Renewals that were refused for a card's old details go on when its bank has renewed them."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from billing.models import Order, PaymentMethodQuerySet, Subscription

OUTDATED = ("expired_card", "invalid_expiry_month", "invalid_expiry_year", "new_account_information_available")
"""Refusals that say the card's details are old ones."""


def go_on_with_new_details(cards: PaymentMethodQuerySet, *, now: datetime) -> None:
    """Try renewals again that were refused for what the bank has renewed, while their order can still be paid."""
    waiting = Order.objects.filter(
        line=OuterRef("line"),
        subscription=OuterRef("pk"),
        period_index=OuterRef("period_index"),
        state=Order.State.PENDING,
        expires_at__gt=now,
    )
    refused = Subscription.objects.on().filter(
        Exists(waiting),
        method__in=cards,
        state=Subscription.State.PAUSED,
        reason__in=[f"declined:{code}" for code in OUTDATED],
    )
    refused.update(state=Subscription.State.ACTIVE, charge_due_at=now, declines=0, uses_backup=False, decided_at=now)
