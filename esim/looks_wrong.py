"""A subscriber doubts a figure: a ticket that carries what the portal showed, so that nobody has to describe it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accounts.models import Ticket, User
from accounts.tickets import open_ticket
from esim.models import Allowance, DailyUsage, Line, SimProfile, UsageRecord

LAST_RECORDS = 5
LAST_DAYS = 7


def report_figures(*, line: Line, user: User, text: str, key: str, now: datetime) -> Ticket:
    """Open a ticket about the figures of a line, or return the one that `key` opened; staff see what was shown."""
    return open_ticket(
        user=user,
        key=key,
        kind=Ticket.Kind.SERVICE,
        context={},
        about=[line.public_id],
        text=text,
        references=figures_of(line, now=now),
        now=now,
    )


def figures_of(line: Line, *, now: datetime) -> dict[str, Any]:
    """Return what the pages were made of, as plain values. Four queries."""
    profile = SimProfile.objects.filter(line=line).current().first()
    running = Allowance.objects.filter(line=line).running(now).in_burn_order()
    days = DailyUsage.objects.filter(line=line).order_by("-date")[:LAST_DAYS]
    records = UsageRecord.objects.filter(line=line).order_by("-at", "-pk")[:LAST_RECORDS]
    return {
        "line": line.public_id,
        "iccid": profile.iccid if profile else "",
        "carrier": line.carrier,
        "usage as of": line.usage_reported_at.isoformat() if line.usage_reported_at else "",
        "allowances": _joined(
            f"{one.public_id}: {one.used_bytes} of {one.data_bytes} bytes, {one.used_minutes} of {one.voice_minutes} min,"
            f" {one.used_sms} of {one.sms_count} SMS, until {one.ends_at.isoformat()}"
            for one in running
        ),
        "days": _joined(
            f"{day.date}: {day.data_bytes} bytes, {day.voice_seconds} s, {day.sms_count} SMS" for day in days
        ),
        "last records": _joined(
            f"{one.at.isoformat()} {one.source} {one.record_id}: {one.data_bytes} bytes" for one in records
        ),
    }


def _joined(facts: Iterable[str]) -> str:
    return " · ".join(facts)
