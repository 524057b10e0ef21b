"""Looking every hour whether what must be true is true; what is broken about money stops charging."""

import logging
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.invariants import broken_invariants
from billing.models import InvariantReport

logger = logging.getLogger(__name__)

ABOUT_MONEY = frozenset({"I1", "I2", "I3", "I4"})
"""Of these, a broken one may mean that money was taken twice: the next charge could be another one."""

Broken = dict[str, list[str]]


def look(*, now: datetime) -> Broken:
    """Check every invariant, keep and tell what is broken, and return it."""
    broken = _broken_twice(now)
    report = _keep(broken, now=now)
    if report is not None and report.acknowledged_at is None:
        for sentence in report.sentences:
            logger.error("Broken invariant %s", sentence)
    return broken


def _broken_twice(now: datetime) -> Broken:
    """Return what two looks found: rows that moved between two queries of one look are no reason to stand still."""
    first = broken_invariants(now=now)
    second = broken_invariants(now=now) if first else {}
    both = {name: [one for one in found if one in second.get(name, ())] for name, found in first.items()}
    return {name: sentences for name, sentences in both.items() if sentences}


@transaction.atomic
def _keep(broken: Broken, *, now: datetime) -> InvariantReport | None:
    standing = InvariantReport.objects.standing()
    known = standing.order_by("-pk").first()
    if known is not None and broken and _names_all(known, broken):
        InvariantReport.objects.filter(pk=known.pk).update(seen_at=now)
        return known
    standing.update(over_at=now)
    if not broken:
        return None
    return InvariantReport.objects.create(
        broken=broken, stops_money=not ABOUT_MONEY.isdisjoint(broken), found_at=now, seen_at=now
    )


def _names_all(report: InvariantReport, broken: Broken) -> bool:
    return all(set(sentences) <= set(report.broken.get(name, ())) for name, sentences in broken.items())


@transaction.atomic
def acknowledge(*, report: InvariantReport, note: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Let a person answer for going on; return False where somebody did, or the report is over."""
    unseen = InvariantReport.objects.unseen().filter(pk=report.pk)
    if not unseen.update(acknowledged_at=now, acknowledged_by=actor, note=note):
        return False
    audit.record(
        actor=actor,
        subject=None,
        action="invariants.acknowledged",
        target=f"invariantreport:{report.pk}",
        detail={"broken": report.sentences[:5], "note": note},
        ip=ip,
        now=now,
    )
    return True
