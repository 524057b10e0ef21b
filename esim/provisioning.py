"""Making a line work: a profile for it, and the plan on it.

Both calls wait for the carrier, so neither may run inside a transaction; both may be repeated.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from esim.carriers.base import Carrier, CarrierRefused, OrderedProfile
from esim.identifiers import normalised_iccid
from esim.models import DownloadState, Line, ServiceState, SimProfile
from plans.terms import PlanTerms


def open_line(*, owner: User, purchase_id: str, nickname: str, carrier: Carrier, now: datetime) -> Line:
    """Return the line of this purchase with its profile, ordering what is missing.

    The row comes before the call: a call whose answer is lost is repeated under the same key. Raises what the
    carrier raises.
    """
    line, _created = Line.objects.get_or_create(
        opened_for=purchase_id,
        defaults={
            "owner": owner,
            "nickname": nickname,
            "carrier": carrier.name,
            "time_zone": owner.time_zone,
            "created_at": now,
        },
    )
    if not SimProfile.objects.filter(line=line).current().exists():
        _save_profile(line=line, ordered=carrier.order_profile(key=purchase_id), now=now)
    line.refresh_from_db()
    return line


def apply_plan(
    *, line: Line, terms: PlanTerms, starts_at: datetime, ends_at: datetime, purchase_id: str, carrier: Carrier
) -> None:
    """Have the carrier grant a plan; raises what the carrier raises, and CarrierRefused without a profile."""
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None:
        raise CarrierRefused("no_profile")
    carrier.grant(key=purchase_id, iccid=profile.iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)


def _save_profile(*, line: Line, ordered: OrderedProfile, now: datetime) -> None:
    profile = SimProfile(
        line=line,
        iccid=normalised_iccid(ordered.iccid),
        smdp_address=ordered.smdp_address,
        carrier_reference=ordered.reference,
        download_state=DownloadState.RELEASED,
        created_at=now,
        state_changed_at=now,
    )
    profile.activation_code = ordered.activation_code
    profile.pin = ordered.pin
    profile.puk = ordered.puk
    with transaction.atomic():
        # Two workers may hold the same answer; the line's row lets one of them write it.
        Line.objects.select_for_update().get(pk=line.pk)
        if SimProfile.objects.filter(line=line).current().exists():
            return
        profile.save()
        Line.objects.filter(pk=line.pk, service_state=ServiceState.PENDING).update(
            msisdn=ordered.msisdn, service_state=ServiceState.ACTIVE, usage_poll_due_at=now
        )
