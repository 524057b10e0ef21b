"""In which order a profile gets from one state to the next: what is told late never takes it back."""

from datetime import datetime

from django.db.models import Q

from esim import keep_alive
from esim.carriers.base import ProfileStatus
from esim.models import DownloadState, SimProfile

ORDERED, RELEASED, DOWNLOADED, INSTALLED, ENABLED, DISABLED, ERROR, DELETED, _CANCELLED = DownloadState

TO_INSTALL = (ORDERED, RELEASED)
FOLLOWS: dict[str, tuple[str, ...]] = {
    RELEASED: (ORDERED,),
    DOWNLOADED: TO_INSTALL,
    INSTALLED: (*TO_INSTALL, DOWNLOADED),
    ENABLED: (*TO_INSTALL, DOWNLOADED, INSTALLED),
    DISABLED: (*TO_INSTALL, DOWNLOADED, INSTALLED),
    ERROR: TO_INSTALL,
    DELETED: (*TO_INSTALL, DOWNLOADED, INSTALLED, ENABLED, DISABLED, ERROR),
}
FOLLOWS_IF_LATER: dict[str, tuple[str, ...]] = {
    DOWNLOADED: (ERROR,),
    INSTALLED: (ERROR,),
    ENABLED: (ERROR, DISABLED),
    DISABLED: (ERROR, ENABLED),
    ERROR: (DOWNLOADED,),
}
"""Where either may come after the other, the time tells."""


def advance(*, profile: SimProfile, status: ProfileStatus, now: datetime) -> bool:
    """Move the profile's state forward, never back: reports arrive out of order. Tell whether it moved."""
    state, at = status.download_state, status.changed_at or now
    before = Q(download_state__in=FOLLOWS.get(state, ()))
    # A failure in the second of the download came after it.
    later = Q(state_changed_at=None) | (Q(state_changed_at__lte=at) if state == ERROR else Q(state_changed_at__lt=at))
    either_way = Q(download_state__in=FOLLOWS_IF_LATER.get(state, ())) & later
    moved = SimProfile.objects.filter(before | either_way, pk=profile.pk).update(
        download_state=state, state_changed_at=at
    )
    if moved and state == ENABLED:
        # A SIM that was just put to use has all its days before it.
        keep_alive.record_use(profile.line, at=at)
    if status.eid:
        SimProfile.objects.filter(pk=profile.pk, eid="").update(eid=status.eid)
    return moved == 1
