"""What becomes of applications that nobody finished, and of particulars whose time is over."""

from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import documents
from esim.applications import PARTICULARS, papers_of, tell
from esim.models import SimApplication
from portal.lib.due_rows import in_pages
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

State = SimApplication.State


def unfinished(now: datetime) -> QuerySet[SimApplication]:
    """Return what its owner has left alone for longer than a draft is kept."""
    left_alone = SimApplication.objects.filter(touched_at__lt=now - settings.PORTAL_DRAFT_KEPT)
    return left_alone.filter(state__in=sorted(State.CHANGEABLE)).select_related("owner")


def tidy(*, now: datetime, in_time: InTime = always) -> tuple[int, int]:
    """End what nobody finished, and forget what is no longer needed; return how many of each."""
    steps = (
        (unfinished(now), ("touched_at", "id"), _lapse),
        (SimApplication.objects.to_forget(now), ("forget_at", "id"), _forget),
    )
    # What works needs no papers any more; the step that activates a card need not think of it.
    SimApplication.objects.filter(state=State.ACTIVATED, forget_at=None).update(
        forget_at=F("activated_at") + settings.PORTAL_DOCUMENT_RETENTION
    )
    done = []
    for due, order, step in steps:
        count = 0
        for page in in_pages(due, order=order):
            count += sum(one_by_one(page, partial(step, now=now), what="Tidying an application", about=_named))
            if not in_time():
                break
        done.append(count)
    return done[0], done[1]


@transaction.atomic
def _lapse(application: SimApplication, *, now: datetime) -> bool:
    standing = unfinished(now).filter(pk=application.pk)
    ended = {"state": State.CANCELLED, "cancelled_at": now, "touched_at": now, "forget_at": now, "forgotten_at": now}
    if not standing.update(**PARTICULARS, **ended):
        return False
    for document in papers_of(application):
        documents.erase(document, now=now)
    tell(application, kind="application_lapsed", round_=application.round, now=now)
    return True


@transaction.atomic
def _forget(application: SimApplication, *, now: datetime) -> bool:
    standing = SimApplication.objects.to_forget(now).order_by().filter(pk=application.pk)
    if not standing.update(**PARTICULARS, forgotten_at=now):
        return False
    for document in papers_of(application):
        documents.erase(document, now=now)
    return True


def _named(application: SimApplication) -> dict[str, object]:
    return {"application": application.public_id}
