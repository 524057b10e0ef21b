"""Making a line work: a profile for it, and the plan on it.

Both calls wait for the carrier, so neither may run inside a transaction; both may be repeated.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.models import User
from esim import profile_orders
from esim.carriers.base import Carrier, CarrierRefused, Grant, GrantsMany, OrderedProfile, OutcomeUnknown
from esim.identifiers import normalised_iccid
from esim.models import DownloadState, Line, Replacement, ServiceState, SimProfile
from plans.terms import PlanTerms


class ProfileGivenTwice(CarrierRefused):
    """The carrier answered with a profile that it gave to another line before."""

    def __init__(self) -> None:
        super().__init__("profile_given_twice")


def open_line(
    *, owner: User, purchase_id: str, nickname: str, carrier: Carrier, now: datetime, plan_code: str = ""
) -> Line:
    """Return the line of this purchase with its profile, ordering what is missing.

    The row comes before the call: a call whose answer is lost is repeated under the same key. `plan_code` is what it
    is bought with. Raises what the carrier raises.
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
        try:
            ordered = profile_orders.obtain(line=line, key=purchase_id, carrier=carrier, plan_code=plan_code, now=now)
            save_profile(line=line, ordered=ordered, is_current=True, now=now)
        except CarrierRefused:
            # It will never have a profile: nobody should wait for it to be set up.
            Line.objects.filter(pk=line.pk, service_state=ServiceState.PENDING).update(
                service_state=ServiceState.TERMINATED
            )
            raise
    line.refresh_from_db()
    return line


def apply_plan(
    *, line: Line, terms: PlanTerms, starts_at: datetime, ends_at: datetime, purchase_id: str, carrier: Carrier
) -> str:
    """Have the carrier grant a plan, and return the ICCID it was granted to; raises what the carrier raises.

    CarrierRefused without a profile, also where the line has ended; OutcomeUnknown while it goes over to another one,
    and where it did while the carrier was asked: under the same key that one is asked next.
    """
    in_use = SimProfile.objects.filter(line=line).exclude(line__service_state=ServiceState.TERMINATED)
    profile = in_use.current().first()
    if profile is None:
        raise CarrierRefused("no_profile")
    if Replacement.objects.filter(line=line).going_over().exists():
        raise OutcomeUnknown("the line goes over to another profile")
    try:
        carrier.grant(key=purchase_id, iccid=profile.iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)
    except CarrierRefused as error:
        if was_left(profile.iccid):
            raise OutcomeUnknown("the line went over to another profile") from error
        raise
    return profile.iccid


def was_left(iccid: str) -> bool:
    """Tell whether a line goes over, or went over, from this profile to another one: its no is not the line's."""
    profile = SimProfile.objects.filter(iccid=iccid).first()
    if profile is None:
        return False
    return not profile.is_current or Replacement.objects.filter(line=profile.line_id).going_over().exists()


def apply_plans(grants: Sequence[Grant], *, carrier: Carrier, at_once: int) -> Sequence[Exception | None]:
    """Have the carrier grant many plans; return for each what it raised, None for a yes.

    A carrier that takes no lists is asked by so many threads at once, none of which needs the database.
    """
    if not grants:
        return []
    if isinstance(carrier, GrantsMany):
        return carrier.grant_many(grants)
    with ThreadPoolExecutor(min(at_once, len(grants)), thread_name_prefix="grant") as pool:
        return list(pool.map(partial(_grant, carrier), grants))


def _grant(carrier: Carrier, one: Grant) -> Exception | None:
    try:
        carrier.grant(key=one.key, iccid=one.iccid, terms=one.terms, starts_at=one.starts_at, ends_at=one.ends_at)
    except Exception as error:  # noqa: BLE001 - whoever asked for many hears about each
        return error
    return None


def save_profile(*, line: Line, ordered: OrderedProfile, is_current: bool, now: datetime) -> SimProfile:
    """Write a profile down as the line's, once; a current one puts a new line into service.

    Returns the row that is there afterwards: of two workers with the same answer one writes it. Raises
    ProfileGivenTwice where the ICCID is another line's.
    """
    profile = _profile(line=line, ordered=ordered, is_current=is_current, now=now)
    with transaction.atomic():
        # The line's row lets one writer in after the other.
        Line.objects.select_for_update().get(pk=line.pk)
        there = SimProfile.objects.filter(iccid=profile.iccid).first()
        if there is not None and there.line_id != line.pk:
            raise ProfileGivenTwice
        if is_current:
            there = there or SimProfile.objects.filter(line=line).current().first()
        if there is not None:
            return there
        profile.save()
        if is_current:
            Line.objects.filter(pk=line.pk, service_state=ServiceState.PENDING).update(
                msisdn=ordered.msisdn, service_state=ServiceState.ACTIVE, usage_poll_due_at=now
            )
    return profile


def _profile(*, line: Line, ordered: OrderedProfile, is_current: bool, now: datetime) -> SimProfile:
    profile = SimProfile(
        line=line,
        iccid=normalised_iccid(ordered.iccid),
        smdp_address=ordered.smdp_address,
        profile_type=ordered.profile_type,
        carrier_reference=ordered.reference,
        download_state=DownloadState.RELEASED,
        is_current=is_current,
        created_at=now,
        state_changed_at=now,
    )
    profile.activation_code = ordered.activation_code
    profile.confirmation_code = ordered.confirmation_code
    profile.pin = ordered.pin
    profile.puk = ordered.puk
    return profile
