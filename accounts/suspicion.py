"""Reporting that somebody else may have been in the account: a ticket that carries what the portal knows."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditEvent, Ticket, User
from accounts.tickets import open_ticket

EVENTS_TOLD = 15


def report(*, user: User, text: str, key: str, ended_sessions: int, ip: str | None, now: datetime) -> Ticket:
    """Open a ticket about suspicious activity, or return the one that `key` opened."""
    ticket = open_ticket(
        user=user,
        key=key,
        kind=Ticket.Kind.ACCOUNT,
        context={},
        about=[],
        text=text or _("Somebody else may have been in my account."),
        references=_facts(user, ended_sessions=ended_sessions, ip=ip),
        now=now,
    )
    audit.record(
        actor=user,
        subject=user,
        action="account.suspicion_reported",
        target=ticket.public_id,
        ip=ip,
        now=now,
    )
    return ticket


def _facts(user: User, *, ended_sessions: int, ip: str | None) -> dict[str, Any]:
    """Return what staff look at first: what happened lately, and from where."""
    events = AuditEvent.objects.filter(subject=user).order_by("-at", "-pk")[:EVENTS_TOLD]
    latest = (f"{event.at:%Y-%m-%d %H:%M} {event.action} {event.ip_address or '-'}" for event in events)
    return {"reported from": ip or "", "sessions ended": ended_sessions, "latest events (UTC)": " · ".join(latest)}
