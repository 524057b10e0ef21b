"""The profiles of a line that moves to another device: the new one, the old one, and which of them stands for it."""

import logging
from datetime import datetime

from esim import profile_orders, provisioning, usage
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import DownloadState, Line, Replacement, SimProfile

logger = logging.getLogger(__name__)


def new_profile(replacement: Replacement, *, carrier: Carrier, now: datetime) -> SimProfile:
    """Order the new profile, and return it; repeated, the same one. Raises what the carrier raises."""
    line, key = replacement.line, replacement.public_id
    ordered = profile_orders.obtain(line=line, key=key, carrier=carrier, eid=replacement.eid, now=now)
    return provisioning.save_profile(line=line, ordered=ordered, is_current=False, now=now)


def renew_code(replacement: Replacement, *, carrier: Carrier, now: datetime) -> SimProfile:
    """Have the same profile made ready once more, and return it with the code it has then."""
    profile = replacement.old_profile
    ordered = carrier.reinstall(key=replacement.public_id, iccid=profile.iccid)
    profile.activation_code = ordered.activation_code
    profile.confirmation_code = ordered.confirmation_code
    profile.smdp_address = ordered.smdp_address
    profile.download_state = DownloadState.RELEASED
    profile.problem, profile.code_shown_at, profile.state_changed_at = "", None, now
    profile.save()
    return profile


def swap(line: Line, *, to: SimProfile, now: datetime) -> None:
    """Let another profile stand for the line; inside the transaction of whoever has it moved."""
    SimProfile.objects.filter(line=line).current().exclude(pk=to.pk).update(is_current=False)
    SimProfile.objects.filter(pk=to.pk).update(is_current=True)
    Line.objects.filter(pk=line.pk).update(usage_poll_due_at=now)


def cancel(profile: SimProfile, *, key: str, carrier: Carrier, now: datetime) -> None:
    """End a profile that stands for no line any more; raises OutcomeUnknown.

    A no changes nothing: without number and plan it carries nothing either.
    """
    try:
        carrier.terminate(key=key, iccid=profile.iccid)
    except CarrierRefused as error:
        logger.warning("The network would not end profile %s: %s", profile.public_id, error)
    ended = SimProfile.objects.filter(pk=profile.pk, is_current=False)
    ended.update(download_state=DownloadState.CANCELLED, state_changed_at=now)


def final_usage(replacement: Replacement, *, carrier: Carrier, now: datetime) -> None:
    """Count what the old profile used until the line left it; from then on only the new one is asked about."""
    if not carrier.capabilities.usage_reports:
        return
    line, old, until = replacement.line, replacement.old_profile, replacement.moved_at
    try:
        reports = carrier.usage_since(iccid=old.iccid, since=replacement.created_at - usage.LATENESS, until=until)
    except (CarrierRefused, OutcomeUnknown) as error:
        logger.warning("The last usage of %s was not reported: %s", line.public_id, error)
        return
    usage.ingest(line=line, reports=reports, source=carrier.name, now=now)
