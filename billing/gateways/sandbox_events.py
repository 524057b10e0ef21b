"""The notices of the sandbox: it keeps none, so each is told from the state that something is in."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from billing.gateways import sandbox_bank as bank
from billing.gateways import sandbox_returns as returns
from billing.gateways.base import GatewayNotice, Subject
from billing.models import SandboxDispute, SandboxPayment, SandboxRefund

NO_NEWS = [SandboxPayment.State.PREPARED, SandboxPayment.State.OPEN]
"""States of a payment that are no news to whoever made it."""

Told = SandboxPayment | SandboxRefund | SandboxDispute


def told() -> list[QuerySet[Any]]:
    """Return all that there is, or was, something to tell about."""
    return [
        SandboxPayment.objects.exclude(state__in=NO_NEWS),
        SandboxRefund.objects.all(),
        SandboxDispute.objects.all(),
    ]


def complete_due(*, now: datetime) -> None:
    """Let everything that takes its time come to its end when that has come."""
    bank.complete_due(now=now)
    returns.complete_refunds(now=now)


def event_of(one: Told) -> dict[str, str]:
    """Write the notice of the state something is in; the same state is the same event."""
    match one:
        case SandboxPayment():
            about, key = one.purpose, one.idempotency_key
        case SandboxRefund():
            about, key = "refund", one.idempotency_key
        case SandboxDispute():
            about, key = "dispute", ""
    return {
        "id": f"evt_{one.reference}_{one.state}",
        "kind": f"{about}.{one.state}",
        "payment_id": one.reference,
        "key": key,
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
    """Yield the notices of what moved since then, oldest first, and when it moved."""
    complete_due(now=now)
    moved = [one for rows in told() for one in rows.filter(moved_at__gte=moment)]
    for one in sorted(moved, key=lambda one: (one.moved_at, one.pk)):
        yield one.moved_at, notice_of(event_of(one))
