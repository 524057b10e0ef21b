"""Suspending a line at its carrier, resuming it, and ending it for good.

1. `begin` commits what will be asked, and for whom; from then on nobody takes the line for being in its old state.
2. `carry_out` asks the carrier, outside any transaction, and writes its answer down. Without an answer the change
   stays under way, and whoever finds it later asks again under the same key.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import audit, webhooks
from accounts.notifications import every_channel, notify
from accounts.webhooks import Event
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import (
    DownloadState,
    Line,
    LineQuerySet,
    Replacement,
    ServiceChange,
    ServiceState,
    SimProfile,
    SuspendedFor,
)

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may run
ASK_AGAIN = timedelta(minutes=5)

ENDS_AS = {
    ServiceChange.SUSPENDING: ServiceState.SUSPENDED,
    ServiceChange.RESUMING: ServiceState.ACTIVE,
    ServiceChange.TERMINATING: ServiceState.TERMINATED,
}
BEGINS_AS = {
    ServiceChange.SUSPENDING: [ServiceState.ACTIVE],
    ServiceChange.RESUMING: [ServiceState.SUSPENDED],
    ServiceChange.TERMINATING: [ServiceState.ACTIVE, ServiceState.SUSPENDED],
}


class ChangeUnderWay(Exception):
    """The carrier is being asked about this line right now; which state it is in will be known in a moment."""

    sentence = _("The network is being asked about this line right now. Try again in a few minutes.")


class BeingReplaced(ChangeUnderWay):
    """Two profiles stand for the line, and only one of them would be ended."""

    sentence = _("This line is being moved to another device. Finish that or undo it first.")


class CannotSuspend(Exception):
    """This carrier suspends nobody."""

    sentence = _("The network of this line cannot suspend it. Nothing was changed.")


def suspend(*, line: Line, why: SuspendedFor, key: str, carrier: Carrier, now: datetime) -> bool:
    """Take a line out of service; return False where it is not in service, or is suspended by somebody already.

    What staff suspend stays suspended for staff, also where it was for want of payment. Raises CannotSuspend,
    ChangeUnderWay, and what the carrier raises.
    """
    if not carrier.capabilities.suspension:
        raise CannotSuspend
    if why == SuspendedFor.STAFF:
        unpaid = Line.objects.filter(pk=line.pk, service_state=ServiceState.SUSPENDED, service_change="")
        if unpaid.exclude(suspended_for=why).update(suspended_for=why):
            return True
    if not begin(line=line, change=ServiceChange.SUSPENDING, why=why, key=key, now=now):
        return False
    carry_out(line=line, carrier=carrier, now=now)
    return True


def resume(*, line: Line, why: SuspendedFor | None, key: str, carrier: Carrier, now: datetime) -> bool:
    """Put a line back into service if it was suspended for `why` (None: whyever); return False where it was not.

    Raises ChangeUnderWay, and what the carrier raises.
    """
    if not begin(line=line, change=ServiceChange.RESUMING, why=why, key=key, now=now):
        return False
    carry_out(line=line, carrier=carrier, now=now)
    return True


def terminate(*, line: Line, key: str, carrier: Carrier, now: datetime) -> bool:
    """End a line for good; return False where it has ended, or is not set up yet.

    Raises BeingReplaced, ChangeUnderWay, and what the carrier raises.
    """
    if not begin(line=line, change=ServiceChange.TERMINATING, why=None, key=key, now=now):
        return False
    carry_out(line=line, carrier=carrier, now=now)
    return True


def begin(*, line: Line, change: ServiceChange, why: SuspendedFor | None, key: str, now: datetime) -> bool:
    """Commit what the carrier will be asked, and give the caller a lease on asking it.

    Returns False where there is nothing to change. Of one change that its asker forgot, the opposite is begun as
    well as the same: nobody knows which state the carrier left it in. What is being ended only ends. Raises
    ChangeUnderWay, also while the line goes over to another profile, and BeingReplaced.
    """
    with transaction.atomic():
        # Whoever lets a line go over to another profile holds the same row.
        list(Line.objects.select_for_update().filter(pk=line.pk))
        _refuse_while_replaced(line, change=change)
        return _begin(line, change=change, why=why, key=key, now=now)


def _refuse_while_replaced(line: Line, *, change: ServiceChange) -> None:
    replacements = Replacement.objects.filter(line=line)
    if change == ServiceChange.TERMINATING and replacements.under_way().exists():
        raise BeingReplaced
    if replacements.going_over().exists():
        raise ChangeUnderWay


def _begin(line: Line, *, change: ServiceChange, why: SuspendedFor | None, key: str, now: datetime) -> bool:
    same_reason = Q(suspended_for=why) if change == ServiceChange.RESUMING and why else Q()
    forgotten = Q(service_change_until__lte=now) | Q(service_change_key=key)
    at_rest = Q(service_change="", service_state__in=BEGINS_AS[change])
    under_way = ~Q(service_change="") & forgotten
    if change != ServiceChange.TERMINATING:
        under_way &= ~Q(service_change=ServiceChange.TERMINATING)
    changes: dict[str, object] = {
        "service_change": change,
        "service_change_key": key,
        "service_change_at": now,
        "service_change_until": now + LEASE,
    }
    if change == ServiceChange.SUSPENDING:
        changes["suspended_for"] = why
    if Line.objects.filter(at_rest | under_way, same_reason, pk=line.pk).update(**changes):
        line.refresh_from_db()
        return True
    if Line.objects.filter(same_reason, pk=line.pk).exclude(service_change="").exists():
        raise ChangeUnderWay
    return False


def ask_again(*, line: Line, now: datetime) -> bool:
    """Take over a change that its asker forgot, to be carried out under the key it has; False where it has moved on."""
    still = Line.objects.filter(pk=line.pk, service_change_key=line.service_change_key)
    return bool(still.to_finish_changing(now).update(service_change_until=now + LEASE))


def carry_out(*, line: Line, carrier: Carrier, now: datetime) -> None:
    """Ask the carrier for the change begun on the line and write down its answer; raises what the carrier raises.

    A final no leaves the line in the state that was last confirmed: where the change before is in doubt, this no does
    not tell how that one ended. It runs outside any transaction, and may be repeated.
    """
    change = ServiceChange(line.service_change)
    try:
        _ask(line, change=change, carrier=carrier)
    except CarrierRefused as error:
        logger.warning("The carrier refused: %s %s (%s)", line.public_id, change, error)
        _end(line, change=change, state=ServiceState(line.service_state), now=now)
        raise
    except OutcomeUnknown:
        _under_way(line, change=change).update(service_change_until=now + ASK_AGAIN)
        raise
    _end(line, change=change, state=ENDS_AS[change], now=now)


def _ask(line: Line, *, change: ServiceChange, carrier: Carrier) -> None:
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None:
        raise CarrierRefused("no_profile")
    ask = {
        ServiceChange.SUSPENDING: carrier.suspend,
        ServiceChange.RESUMING: carrier.resume,
        ServiceChange.TERMINATING: carrier.terminate,
    }[change]
    ask(key=line.service_change_key, iccid=profile.iccid)


def _end(line: Line, *, change: ServiceChange, state: ServiceState, now: datetime) -> None:
    ended: dict[str, object] = {"service_change": "", "service_change_until": None, "service_state": state}
    if state == ServiceState.ACTIVE:
        ended |= {"suspended_for": "", "usage_poll_due_at": now}
    with transaction.atomic():
        if not _under_way(line, change=change).update(**ended):
            return
        if state == ServiceState.TERMINATED:
            _close(line, now=now)
        _tell_owner(line, change=change, is_done=state == ENDS_AS[change], now=now)
        if state == ENDS_AS[change]:
            _tell_operator(line, change=change, now=now)
    line.refresh_from_db()


def _close(line: Line, *, now: datetime) -> None:
    """Let nobody see a code that no longer works."""
    current = SimProfile.objects.filter(line=line).current()
    current.update(download_state=DownloadState.CANCELLED, state_changed_at=now)
    audit.record(actor=None, subject=line.owner, action="line.terminated", target=line.public_id, now=now)


def _tell_operator(line: Line, *, change: ServiceChange, now: datetime) -> None:
    kind = {ServiceChange.SUSPENDING: "line.suspended", ServiceChange.RESUMING: "line.resumed"}.get(change)
    if kind is not None:
        data = {"line": line.public_id, "because": line.suspended_for or None}
        key = f"{kind}:{line.public_id}:{line.service_change_key}"
        webhooks.tell([Event(kind=kind, key=key[:120], data=data, at=now)], now=now)


def _tell_owner(line: Line, *, change: ServiceChange, is_done: bool, now: datetime) -> None:
    """Tell what became of what the owner asked for; what others asked for is told by whoever asked."""
    if change != ServiceChange.TERMINATING and line.suspended_for != SuspendedFor.OWNER:
        return
    outcome = "done" if is_done else "refused"
    notify(
        user=line.owner,
        kind="line_service_changed",
        key=f"service:{line.public_id}:{line.service_change_key}:{outcome}",
        context={
            "line": str(line),
            "line_id": line.public_id,
            "change": str(change),
            "is_done": is_done,
            "done_at": now.isoformat(),
        },
        now=now,
        channels=every_channel(line.owner),
    )


def _under_way(line: Line, *, change: ServiceChange) -> LineQuerySet:
    return Line.objects.filter(pk=line.pk, service_change=change, service_change_key=line.service_change_key)
