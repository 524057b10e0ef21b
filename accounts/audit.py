"""The trail of who did what to what: written for people, unlike logs."""

from datetime import datetime
from typing import Any

from accounts.models import AuditEvent, User


def record(
    *,
    actor: User | None,
    subject: User | None,
    action: str,
    target: str = "",
    detail: dict[str, Any] | None = None,
    ip: str | None = None,
    now: datetime,
) -> None:
    """Add an event to the trail; call it inside the transaction of what it tells about.

    `actor` is None where the portal acted by itself. `detail` holds plain values and never a secret:
    the subject reads it.
    """
    AuditEvent.objects.create(
        actor=actor, subject=subject, action=action, target=target, detail=detail or {}, ip_address=ip, at=now
    )
