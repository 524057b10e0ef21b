"""The notices of the sandbox: it keeps none, so each is told from the state that a payment is in."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from billing.gateways import sandbox_bank as bank
from billing.gateways.base import GatewayNotice, Subject
from billing.models import SandboxPayment

State = SandboxPayment.State
UNTOLD = frozenset({State.PREPARED, State.OPEN})
"""States that are no news to whoever made the payment."""


def event_of(payment: SandboxPayment) -> dict[str, str]:
    """Write the notice of the state a payment is in; the same state is the same event."""
    return {
        "id": f"evt_{payment.reference}_{payment.state}",
        "kind": f"{payment.purpose}.{payment.state}",
        "payment_id": payment.reference,
        "key": payment.idempotency_key,
    }


def notice_of(event: Mapping[str, str]) -> GatewayNotice:
    """Read a notice; raises KeyError, TypeError or ValueError where it is none."""
    return GatewayNotice(
        event_id=event["id"],
        kind=event["kind"],
        about=Subject(event["kind"].partition(".")[0]),
        payment_id=event["payment_id"],
        payload=dict(event),
    )


def told_since(moment: datetime, *, now: datetime) -> Iterator[tuple[datetime, GatewayNotice]]:
    """Yield the notices of payments that moved since then, oldest first, and when they moved."""
    bank.complete_due(now=now)
    moved = SandboxPayment.objects.filter(moved_at__gte=moment).exclude(state__in=UNTOLD)
    for payment in moved.order_by("moved_at", "pk"):
        yield payment.moved_at, notice_of(event_of(payment))
