"""Taking back what a purchase gave to a line.

1. `reserve` commits that it is taken back: from then on nothing burns on it, and nothing follows it.
2. `ask_network`, outside any transaction; it may be repeated.
3. `close` what the line no longer needs; or `restore`, where the network says no.
"""

import logging
from datetime import datetime
from enum import StrEnum, auto

from django.db.models import Q

from esim import full_speed, rating
from esim.carriers.base import Carrier, CarrierRefused
from esim.models import Allowance, AllowanceQuerySet, DownloadState, Line, ServiceState, SimProfile, UsageRecord

logger = logging.getLogger(__name__)

NOT_INSTALLED = frozenset({DownloadState.ORDERED, DownloadState.RELEASED, DownloadState.ERROR})


class Obstacle(StrEnum):
    """Why something can't be taken back."""

    GONE = auto()  # never granted, or taken back before
    ENDED = auto()
    BUILT_UPON = auto()  # something bought later begins where it ends, or ends with it
    USED = auto()
    INSTALLED = auto()


class CannotTakeBack(Exception):
    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


def obstacle_to(*, purchase_id: str, only_unused: bool, now: datetime) -> Obstacle | None:
    """Return what stands in the way of taking back what this purchase gave, as far as the portal knows.

    `only_unused`: refuse also what was used, and a line opened by the purchase once it is on a device.
    """
    granted = Allowance.objects.standing().filter(granted_for=purchase_id).select_related("line").first()
    if granted is None:
        return Obstacle.GONE
    obstacles = {
        Obstacle.ENDED: granted.ends_at <= now,
        Obstacle.BUILT_UPON: _later(granted).exists(),
        Obstacle.USED: only_unused and not granted.is_unused,
        Obstacle.INSTALLED: only_unused and _opened(granted) and _is_on_a_device(granted.line),
    }
    return next((obstacle for obstacle, stands in obstacles.items() if stands), None)


def reserve(*, line: Line, purchase_id: str, only_unused: bool, now: datetime) -> None:
    """Let nothing more be used of it; raises CannotTakeBack.

    Runs inside the caller's transaction, which holds the line's row: usage is counted, and the next purchase
    fitted in, either before or after.
    """
    # What has arrived counts, though its turn has not come.
    rating.rate_line(line, now=now)
    if obstacle := obstacle_to(purchase_id=purchase_id, only_unused=only_unused, now=now):
        raise CannotTakeBack(obstacle)
    Allowance.objects.standing().filter(line=line, granted_for=purchase_id).update(taken_back_at=now)
    full_speed.end_spells(purchase_id=purchase_id, now=now)
    # What nobody was reminded of, because this followed it, ends now after all.
    Allowance.objects.filter(line=line).not_ended(now).update(remind_due_at=now)


def ask_network(*, line: Line, purchase_id: str, only_unused: bool, carrier: Carrier) -> None:
    """Have the network take it back, with the line where the purchase opened it; raises what the carrier raises."""
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None:
        return
    carrier.revoke(key=purchase_id, iccid=profile.iccid, only_unused=only_unused)
    if line.opened_for == purchase_id:
        try:
            carrier.terminate(key=purchase_id, iccid=profile.iccid)
        except CarrierRefused as error:
            # What was paid for is gone all the same; a profile that stays on without a plan carries nothing.
            logger.warning("The network would not end the profile of %s: %s", line.public_id, error)


def close(*, line: Line, purchase_id: str, now: datetime) -> None:
    """End the line, where the purchase had opened it; its activation code is not shown any more."""
    if line.opened_for == purchase_id:
        Line.objects.filter(pk=line.pk).update(
            service_state=ServiceState.TERMINATED, service_change="", service_change_until=None
        )
        current = SimProfile.objects.filter(line=line).current()
        current.update(download_state=DownloadState.DELETED, state_changed_at=now)


def restore(*, purchase_id: str) -> None:
    """Let it be used again, as it was all the while: what was reported in between is counted again.

    Runs inside the caller's transaction, which holds the line's row.
    """
    granted = Allowance.objects.filter(granted_for=purchase_id).select_related("line").first()
    if granted is None or granted.taken_back_at is None:
        return
    since = granted.taken_back_at
    Allowance.objects.filter(pk=granted.pk).update(taken_back_at=None, remind_due_at=since)
    if UsageRecord.objects.filter(line=granted.line_id, received_at__gte=since).exists():
        rating.rerate(granted.line, now=since)


def _later(granted: Allowance) -> AllowanceQuerySet:
    """What was granted afterwards and stands or falls with it: plans that follow, packs that end with it."""
    others = Allowance.objects.standing().filter(line=granted.line_id, pk__gt=granted.pk)
    if granted.is_data_pack:
        return others.none()
    within = Q(is_data_pack=True, ends_at=granted.ends_at)
    return others.filter(within | Q(is_data_pack=False, starts_at__gte=granted.ends_at))


def _opened(granted: Allowance) -> bool:
    return granted.line.opened_for == granted.granted_for


def _is_on_a_device(line: Line) -> bool:
    return SimProfile.objects.filter(line=line).current().exclude(download_state__in=NOT_INSTALLED).exists()
