"""Whether the profiles of a line that moves to another device are suspended, or in service, as the line itself is.

While a line goes over nobody begins to suspend or resume it, so the network is told what it was when that began.
"""

import logging
from datetime import datetime

from django.db import transaction

from esim import suspension
from esim.carriers.base import Carrier, CarrierRefused
from esim.models import Line, Replacement, ServiceChange, SimProfile, SuspendedFor

logger = logging.getLogger(__name__)


def serve_as_the_line_does(replacement: Replacement, profile: SimProfile, *, carrier: Carrier) -> None:
    """Have a profile that takes over the line suspended, or in service, as the line is; raises OutcomeUnknown.

    The new profile was never suspended, and the old one may have been left otherwise when the line moved away.
    """
    is_old = profile.pk == replacement.old_profile_id
    if Line.objects.get(pk=replacement.line_id).is_suspended:
        ask, what = carrier.suspend, "suspend"
    elif is_old and carrier.capabilities.suspension:
        ask, what = carrier.resume, "resume"
    else:
        return
    try:
        ask(key=f"{replacement.public_id}:{what}{'-old' if is_old else ''}", iccid=profile.iccid)
    except CarrierRefused as error:
        # A no is no reason to leave the line between its two profiles, where nothing bought for it is delivered.
        logger.error("The carrier would not %s profile %s as its line is: %s", what, profile.public_id, error)  # noqa: TRY400


def refuse_while_changing(replacement: Replacement) -> None:
    """Raise ChangeUnderWay while the network is asked about the line; who asks from here on sees that it goes over."""
    with transaction.atomic():
        line = Line.objects.select_for_update().get(pk=replacement.line_id)
    if line.service_change:
        raise suspension.ChangeUnderWay


def begin_resuming(replacement: Replacement, *, now: datetime) -> None:
    """Commit that what its owner suspended because of the old device is in service on the new one.

    Runs in the transaction that lets the new profile stand for the line: what is suspended later stays so.
    """
    suspension.begin(
        line=replacement.line,
        change=ServiceChange.RESUMING,
        why=SuspendedFor.OWNER,
        key=_resume_key(replacement),
        now=now,
    )


def finish_resuming(replacement: Replacement, *, carrier: Carrier, now: datetime) -> None:
    """Ask the network for what `begin_resuming` committed; raises what the carrier raises."""
    line = replacement.line
    if line.service_change == ServiceChange.RESUMING and line.service_change_key == _resume_key(replacement):
        suspension.carry_out(line=line, carrier=carrier, now=now)


def _resume_key(replacement: Replacement) -> str:
    return f"{replacement.public_id}:resume"
