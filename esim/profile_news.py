"""What carriers tell by themselves about a profile on its way to a device: each message counts once, and only forward."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from esim.carriers.base import ProfileStatus
from esim.identifiers import NotAnIccid, masked, normalised_iccid
from esim.models import CarrierEvent, DownloadState, SimProfile, SimProfileQuerySet
from esim.profile_states import advance

logger = logging.getLogger(__name__)

OVER_IT = [DownloadState.INSTALLED, DownloadState.ENABLED, DownloadState.DISABLED, DownloadState.DELETED]
"""What went wrong on the way is of no interest any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNews:
    """One message: what happened (`kind`), and the state it means, None where it means none.

    `event_id` is unique for the carrier. The codes tell a failure (SGP.22 §5.3.5). `detail` holds no secret.
    """

    event_id: str
    iccid: str
    kind: str
    state: DownloadState | None = None
    subject_code: str = ""
    reason_code: str = ""
    happened_at: datetime | None = None
    eid: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def receive(*, carrier: str, news: ProfileNews, now: datetime) -> bool:
    """Write a message down and let it count; False where it was known before, or changed nothing.

    A message about a profile that is not ours is kept all the same.
    """
    iccid = _iccid(news.iccid)
    told = CarrierEvent.objects.filter(carrier=carrier, iccid=iccid, kind=news.kind, happened_at=news.happened_at)
    if news.happened_at is not None and told.exists():
        return False
    event, is_new = CarrierEvent.objects.get_or_create(
        carrier=carrier,
        event_id=news.event_id[:160],
        defaults={
            "kind": news.kind[:40],
            "iccid": iccid,
            "happened_at": news.happened_at,
            "received_at": now,
            "detail": news.detail,
        },
    )
    profile = SimProfile.objects.filter(iccid=iccid, line__carrier=carrier).select_related("line").first()
    if not is_new or profile is None:
        if is_new:
            logger.info("News of %s about %s, which is nobody's profile here", carrier, masked(iccid))
        return False
    applied = _apply(profile, news=news, now=now)
    if applied:
        CarrierEvent.objects.filter(pk=event.pk).update(applied=True)
    return applied


def _apply(profile: SimProfile, *, news: ProfileNews, now: datetime) -> bool:
    """Move the profile, and note or forget its problem, unless it is past what the message is about."""
    moved = False
    if news.state is not None:
        status = ProfileStatus(download_state=news.state, changed_at=news.happened_at, eid=news.eid)
        moved = advance(profile=profile, status=status, now=now)
    mine = SimProfile.objects.filter(pk=profile.pk)
    if news.eid:
        mine.filter(eid="").update(eid=news.eid)
    if news.subject_code:
        problem = f"{news.subject_code}/{news.reason_code}"[:40]
        noted = _not_past(mine, news).exclude(problem=problem).update(problem=problem)
        return moved or bool(noted)
    if moved:
        mine.exclude(problem="").update(problem="")
    return moved


def _not_past(profiles: SimProfileQuerySet, news: ProfileNews) -> SimProfileQuerySet:
    """Leave out what is installed by now, or was downloaded after the failure that this message tells."""
    if news.happened_at is not None:
        profiles = profiles.exclude(download_state=DownloadState.DOWNLOADED, state_changed_at__gt=news.happened_at)
    return profiles.exclude(download_state__in=OVER_IT)


def _iccid(text: str) -> str:
    try:
        return normalised_iccid(text)
    except NotAnIccid:
        return text[:20]
