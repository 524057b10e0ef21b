"""What people are told about a line that moves to another device: on every channel, each news once."""

from datetime import datetime
from typing import Any

from accounts.models import Ticket, User
from accounts.notifications import every_channel, notify
from accounts.tickets import open_ticket
from esim.models import Line, Replacement, SimProfile


def tell(replacement: Replacement, *, what: str, now: datetime) -> None:
    """Tell `what`: begun, moved, done, undone or failed; inside the transaction of the fact."""
    line = replacement.line
    notify(
        user=line.owner,
        kind="line_replacement",
        key=f"replacement:{replacement.public_id}:{what}",
        context={
            "line": str(line),
            "line_id": line.public_id,
            "what": what,
            "reason": replacement.reason,
            "same_code": replacement.same_code,
            "done_at": now.isoformat(),
        },
        now=now,
        channels=every_channel(line.owner),
    )


def ask_support(replacement: Replacement, *, now: datetime) -> None:
    """Have somebody look at a replacement that failed; the same one opens one ticket."""
    line = replacement.line
    open_ticket(
        user=line.owner,
        key=f"replacement:{replacement.public_id}",
        kind=Ticket.Kind.REPLACEMENT,
        context={"line": str(line), "failed": True, "done_at": now.isoformat()},
        about=[line.public_id],
        references=facts(replacement),
        now=now,
    )


def facts(replacement: Replacement) -> dict[str, Any]:
    """Return what staff need to know; no secret in it."""
    new = replacement.new_profile
    return {
        "replacement": replacement.public_id,
        "reason": replacement.reason,
        "problem": replacement.problem,
        "eid": replacement.eid,
        "old_iccid": replacement.old_profile.iccid,
        "new_iccid": new.iccid if new else "",
        "download_problem": new.problem if new else "",
        "carrier": replacement.line.carrier,
    }


def ask_support_instead(*, line: Line, user: User, reason: Replacement.Reason, eid: str, now: datetime) -> Ticket:
    """Ask support to move a line that its network can't move by itself; for one reason once a day."""
    profile = SimProfile.objects.filter(line=line).current().first()
    return open_ticket(
        user=user,
        key=f"replace:{line.public_id}:{reason}:{now:%Y%m%d}",
        kind=Ticket.Kind.REPLACEMENT,
        context={"line": str(line), "failed": False, "reason": str(reason), "done_at": now.isoformat()},
        about=[line.public_id],
        references={
            "reason": str(reason),
            "eid": eid,
            "iccid": profile.iccid if profile else "",
            "download_state": profile.download_state if profile else "",
            "download_problem": profile.problem if profile else "",
            "carrier": line.carrier,
            "form": line.form,
            "service_state": line.service_state,
        },
        now=now,
    )
