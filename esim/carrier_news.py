"""What a carrier's message changes here: how far a profile is, and when its usage is asked for."""

from datetime import datetime, timedelta

from django.db.models import Q

from esim.carriers.esimgo_callbacks import Callback
from esim.carriers.esimgo_settings import ESIMGO
from esim.identifiers import NotAnIccid, normalised_iccid
from esim.models import DownloadState, Line, ServiceState, SimProfile
from esim.profile_news import ProfileNews, receive

AT_MOST_EVERY = timedelta(minutes=1)


def take_in(callback: Callback, *, now: datetime) -> bool:
    """Count a message of eSIM Go once, and ask about its line soon; tell whether a profile moved."""
    news = ProfileNews(
        event_id=callback.event_id,
        iccid=callback.iccid,
        kind=callback.kind,
        state=None if _was_overtaken(callback) else callback.state,
        happened_at=callback.happened_at,
        eid=callback.eid,
        detail=dict(callback.detail),
    )
    moved = receive(carrier=ESIMGO, news=news, now=now)
    ask_soon(carrier=ESIMGO, iccid=callback.iccid, now=now)
    return moved


def _was_overtaken(callback: Callback) -> bool:
    """Tell whether it is about a deletion that has been mended since, by making the same profile ready once more."""
    if callback.state != DownloadState.DELETED or callback.happened_at is None:
        return False
    ready = SimProfile.objects.filter(download_state=DownloadState.RELEASED, state_changed_at__gt=callback.happened_at)
    return ready.filter(iccid=callback.iccid).exists()


def ask_soon(*, carrier: str, iccid: str, now: datetime) -> None:
    """Have the next tick ask the carrier about a profile's line, however often this is called once a minute."""
    try:
        profile = Q(profiles__iccid=normalised_iccid(iccid), profiles__is_current=True)
    except NotAnIccid:
        return
    rested = Q(usage_reported_at=None) | Q(usage_reported_at__lte=now - AT_MOST_EVERY)
    due = Line.objects.filter(profile, rested, carrier=carrier, service_state=ServiceState.ACTIVE)
    Line.objects.filter(pk__in=due.values("pk"), usage_poll_due_at__gt=now).update(usage_poll_due_at=now)
