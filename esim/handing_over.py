"""A card that changes hands: the new owner gets a line of their own, the former one keeps theirs, ended.

Orders, receipts, usage and auto-renewals hang on the former owner's line and stay there, so that nothing of one can
be seen by the other, or be paid for by the other. The profile goes over, with what is left of the plans on it: the
network counts by ICCID and lets it be used by whoever has the card.
"""

from datetime import datetime

from accounts import gone_numbers
from accounts.models import User
from esim import invitations, keep_alive, rating
from esim.models import Allowance, Line, Replacement, ServiceState, SimCard, SimProfile, ThrottleSpell


class InUse(Exception):
    """The line is suspended, ended, or being changed, or its owner locked the account."""


def hand_over(line: Line, *, profile: SimProfile, to: User, now: datetime) -> Line:
    """Move the profile of a line to a new line of another owner; raises InUse.

    Runs inside the caller's transaction, which holds the line's row.
    """
    if not may_change_hands(line, profile=profile):
        raise InUse
    # What has arrived counts, though its turn has not come.
    rating.rate_line(line, now=now)
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.TERMINATED)
    invitations.end_all(line, now=now)
    new = Line.objects.open_in_service(owner=to, msisdn=line.msisdn, form=line.form, carrier=line.carrier, now=now)
    SimProfile.objects.filter(pk=profile.pk).update(line=new)
    _carry_disuse_over(line, to=new)
    SimCard.objects.filter(iccid=profile.iccid).update(line=new)
    gone_numbers.went_to(to, number=line.msisdn, now=now)
    for allowance in Allowance.objects.select_for_update().filter(line=line).not_ended(now):
        _carry_over(allowance, to=new, now=now)
    return new


def may_change_hands(line: Line, *, profile: SimProfile) -> bool:
    """Tell whether nothing is going on with the line; a profile that was replaced since is a dead card."""
    is_still = line.service_state == ServiceState.ACTIVE and not line.service_change and profile.is_current
    return is_still and line.owner.locked_at is None and not Replacement.objects.under_way().filter(line=line).exists()


def _carry_disuse_over(line: Line, *, to: Line) -> None:
    """The network counts from the last use of the card, whoever has it."""
    line.refresh_from_db(fields=["last_used_at"])
    if line.last_used_at is not None:
        keep_alive.record_use(to, at=line.last_used_at)


def _carry_over(allowance: Allowance, *, to: Line, now: datetime) -> None:
    """Take what is left from the former owner, who can't have it refunded any more, and give it to the new one."""
    Allowance.objects.filter(pk=allowance.pk).update(taken_back_at=now)
    left = Allowance.objects.create(
        line=to,
        plan_id=allowance.plan_id,
        sold_id=allowance.sold_id,
        # Whoever gets the card after this owner takes from this row.
        granted_for=allowance.public_id,
        is_data_pack=allowance.is_data_pack,
        data_bytes=allowance.remaining_bytes,
        daily_cap_bytes=allowance.daily_cap_bytes,
        throttled_kbps=allowance.throttled_kbps,
        voice_minutes=max(0, allowance.voice_minutes - allowance.used_minutes),
        sms_count=max(0, allowance.sms_count - allowance.used_sms),
        starts_at=max(allowance.starts_at, now),
        ends_at=allowance.ends_at,
        remind_due_at=now,
        created_at=now,
    )
    # The network still slows it down, and is to be told when that ends.
    ThrottleSpell.objects.open().filter(allowance=allowance).update(line=to, allowance=left)
