"""The subscriber's own view of the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import AuditEvent, User
from accounts.security_events import LABELS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Trace:
    label: "_StrPromise"
    at: datetime
    ip_address: str | None


def recent(user: User) -> list[Trace]:
    """Return the last things that happened to this person's account, newest first."""
    events = AuditEvent.objects.filter(subject=user, action__in=LABELS).order_by("-at", "-pk")[:SHOWN]
    return [Trace(LABELS[event.action], event.at, event.ip_address) for event in events]
