"""What the network reports about a line: each record counted once, on the line's own day."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from esim import allowances
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown, ProfileStatus, UsageReport
from esim.identifiers import masked
from esim.models import DailyUsage, DownloadState, Line, SimProfile, UsageRecord

logger = logging.getLogger(__name__)

POLL_EVERY = timedelta(minutes=5)
POLL_INSTALLING_EVERY = timedelta(seconds=30)
"""Shorter than the tick: somebody who is installing looks at the page and waits."""

INSTALLING_FOR = timedelta(hours=1)
"""From the first look at the code. A code bought ahead of a trip may lie for months, and networks bar who asks too much."""

LATENESS = timedelta(hours=2)
"""How far back each poll asks again: records arrive out of order, and repeats count once."""

CLOCK_SKEW = timedelta(minutes=10)
MOST_IN_A_RECORD = 10**15

FORWARD = (
    DownloadState.ORDERED,
    DownloadState.RELEASED,
    DownloadState.DOWNLOADED,
    DownloadState.INSTALLED,
    DownloadState.ENABLED,
    DownloadState.DELETED,
)
ON_THE_WAY = frozenset({DownloadState.RELEASED, DownloadState.DOWNLOADED, DownloadState.INSTALLED})


@dataclass(slots=True)
class Amounts:
    data_bytes: int = 0
    voice_seconds: int = 0
    sms_count: int = 0


def ingest(*, line: Line, reports: Iterable[UsageReport], source: str, now: datetime) -> int:
    """Count what is new among the reports, on the line's days and on its allowances; return how many were new.

    The same reports in any order, any number of times, from any number of workers count once.
    """
    by_id = {report.record_id: report for report in reports if _is_plausible(report, line=line, now=now)}
    if not by_id:
        return 0
    with transaction.atomic():
        # One writer a line: the others wait here, and then see what it counted.
        locked = Line.objects.select_for_update().get(pk=line.pk)
        new = _insert(line=locked, by_id=by_id, source=source, now=now)
        _add_to_days(line=locked, reports=new)
        allowances.burn(line=locked, reports=new)
        # Pages are kept by what the line's row says, so new figures must show in it.
        Line.objects.filter(pk=line.pk).update(usage_reported_at=now)
    return len(new)


def poll_usage(*, carrier: Carrier, now: datetime, limit: int) -> int:
    """Ask the carrier about the lines that are due, and return how many were asked.

    A line is claimed by moving its next turn, so two workers never ask about the same one.
    """
    asked = 0
    for line in Line.objects.usage_poll_due(now)[:limit]:
        if not _claim(line, now=now):
            continue
        asked += 1
        try:
            poll_line(line=line, carrier=carrier, now=now)
        except (CarrierRefused, OutcomeUnknown) as error:
            logger.warning("Usage of %s was not reported: %s", line.public_id, error)
        except Exception:
            # One line must not hide the usage of all that come after it.
            logger.exception("Polling %s failed", line.public_id)
    return asked


def poll_line(*, line: Line, carrier: Carrier, now: datetime) -> int:
    """Ask how far the profile is and what was used; return how many records were new."""
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None:
        return 0
    status = carrier.profile_status(iccid=profile.iccid, now=now)
    advance(profile=profile, status=status, now=now)
    since = (line.usage_reported_at or line.created_at) - LATENESS
    reports = carrier.usage_since(iccid=profile.iccid, since=since, until=now)
    counted = ingest(line=line, reports=reports, source=carrier.name, now=now)
    # The subscriber may have opened the code while we asked.
    profile.refresh_from_db(fields=["download_state", "code_shown_at"])
    pause = POLL_INSTALLING_EVERY if _is_installing(profile, now=now) else POLL_EVERY
    Line.objects.filter(pk=line.pk).update(usage_reported_at=now, usage_poll_due_at=now + pause)
    return counted


def advance(*, profile: SimProfile, status: ProfileStatus, now: datetime) -> bool:
    """Move the profile's state forward, never back: reports arrive out of order. Tell whether it moved."""
    earlier = FORWARD[: _rank(status.download_state)] if status.download_state in FORWARD else FORWARD[:3]
    moved = SimProfile.objects.filter(pk=profile.pk, download_state__in=earlier).update(
        download_state=status.download_state, state_changed_at=status.changed_at or now
    )
    if status.eid:
        SimProfile.objects.filter(pk=profile.pk, eid="").update(eid=status.eid)
    return moved == 1


def _claim(line: Line, *, now: datetime) -> bool:
    claimed = Line.objects.filter(pk=line.pk, usage_poll_due_at=line.usage_poll_due_at).update(
        usage_poll_due_at=now + POLL_EVERY
    )
    return claimed == 1


def _is_installing(profile: SimProfile, *, now: datetime) -> bool:
    shown_at = profile.code_shown_at
    return profile.download_state in ON_THE_WAY and shown_at is not None and now < shown_at + INSTALLING_FOR


def _rank(state: str) -> int:
    return FORWARD.index(DownloadState(state)) if state in FORWARD else -1


def _is_plausible(report: UsageReport, *, line: Line, now: datetime) -> bool:
    amounts = (report.data_bytes, report.voice_seconds, report.sms_count)
    if report.at <= now + CLOCK_SKEW and all(0 <= amount <= MOST_IN_A_RECORD for amount in amounts):
        return True
    logger.error("Usage record %s of %s makes no sense and was left out", masked(report.record_id), line.public_id)
    return False


def _insert(*, line: Line, by_id: dict[str, UsageReport], source: str, now: datetime) -> Sequence[UsageReport]:
    """Write the records we don't have, and return those really written here."""
    mine = UsageRecord.objects.filter(source=source)
    known = set(mine.filter(record_id__in=list(by_id)).values_list("record_id", flat=True))
    rows = [
        UsageRecord(
            line=line,
            source=source,
            record_id=record_id,
            at=report.at,
            data_bytes=report.data_bytes,
            voice_seconds=report.voice_seconds,
            sms_count=report.sms_count,
            received_at=now,
        )
        for record_id, report in by_id.items()
        if record_id not in known
    ]
    if not rows:
        return []
    # The lock keeps out other writers of this line; a record of another line that took the id meanwhile is
    # left out by the conflict, and by asking for this line's records afterwards.
    UsageRecord.objects.bulk_create(rows, ignore_conflicts=True)
    written = mine.filter(line=line, record_id__in=[row.record_id for row in rows])
    return [by_id[record_id] for record_id in written.values_list("record_id", flat=True)]


def _add_to_days(*, line: Line, reports: Iterable[UsageReport]) -> None:
    days: defaultdict[date, Amounts] = defaultdict(Amounts)
    for report in reports:
        amounts = days[report.at.astimezone(line.zone).date()]
        amounts.data_bytes += report.data_bytes
        amounts.voice_seconds += report.voice_seconds
        amounts.sms_count += report.sms_count
    DailyUsage.objects.bulk_create([DailyUsage(line=line, date=day) for day in days], ignore_conflicts=True)
    for day, amounts in days.items():
        DailyUsage.objects.filter(line=line, date=day).update(
            data_bytes=F("data_bytes") + amounts.data_bytes,
            voice_seconds=F("voice_seconds") + amounts.voice_seconds,
            sms_count=F("sms_count") + amounts.sms_count,
        )
