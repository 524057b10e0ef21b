"""How soon support answers: measured from the request to the first answer, for staff and for whoever asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.core.cache import cache
from django.db.models import Count, Q

from accounts.models import Ticket

WINDOW = timedelta(days=30)
COUNTED = 1000
"""So many of the latest tickets: the median of more is the same."""

FEW = 5
"""Below so many answers a promise would be a guess."""

KEPT_SECONDS = 600
KEY = "usual-first-answer"


@dataclass(frozen=True, slots=True)
class Figures:
    """First answers of a time, and what waits now; `usual_minutes` is the median, None where nothing was answered."""

    answered: int
    usual_minutes: int | None
    waiting: int
    unanswered: int


def figures(*, since: datetime) -> Figures:
    """Measure the tickets that people opened since then; what waits is counted whenever it was opened. Two queries."""
    took = _minutes_to_answer(since)
    ours = Ticket.objects.for_staff().aggregate(
        waiting=Count("pk"), unanswered=Count("pk", filter=Q(first_answered_at__isnull=True))
    )
    return Figures(answered=len(took), usual_minutes=_usual(took), **ours)


def usual_minutes(*, now: datetime) -> int | None:
    """Return the median of the last month in minutes, for pages to tell; None while too few were answered.

    Kept for ten minutes: every visitor of the help centre asks.
    """
    kept: int | None = cache.get(KEY)
    if kept is None:
        took = _minutes_to_answer(now - WINDOW)
        kept = (_usual(took) if len(took) >= FEW else None) or 0
        cache.set(KEY, kept, KEPT_SECONDS)
    return kept or None


def _usual(took: list[float]) -> int | None:
    return max(1, round(median(took))) if took else None


def _minutes_to_answer(since: datetime) -> list[float]:
    """Return how long the latest first answers took. What the portal asks by itself says nothing of how soon we are."""
    asked = Ticket.objects.exclude(kind__in=sorted(Ticket.Kind.AUTOMATIC)).filter(opened_at__gte=since)
    times = asked.exclude(first_answered_at=None).order_by("-opened_at").values_list("opened_at", "first_answered_at")
    return [(answered - opened) / timedelta(minutes=1) for opened, answered in times[:COUNTED] if answered]
