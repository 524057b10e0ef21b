"""Running again what gateways told us, where staff ask for it."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from billing.models import GatewayEvent

State = GatewayEvent.State


@transaction.atomic
def run_again(*, events: QuerySet[GatewayEvent], actor: User, ip: str | None, now: datetime) -> int:
    """Put those that are not done back to the start of the queue and return how many; once more does no harm."""
    runnable = GatewayEvent.objects.filter(pk__in=events.values("pk")).exclude(state=State.DONE)
    waiting = list(runnable.select_for_update())
    runnable.update(state=State.RECEIVED, attempts=0, error="", due_at=now)
    for event in waiting:
        audit.record(
            actor=actor,
            subject=None,
            action="gateway_event.run_again",
            target=f"gateway_event:{event.pk}",
            detail={"event": event.event_id, "gateway": event.gateway, "error": event.error},
            ip=ip,
            now=now,
        )
    return len(waiting)
