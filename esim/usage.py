"""What the network reports about a line: each record counted once, on the line's own day."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction

from esim import rating
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown, UsageReport
from esim.identifiers import masked
from esim.intake_checks import CLOCK_SKEW, ID_LENGTH, MOST_BYTES, MOST_SECONDS, MOST_SMS
from esim.models import DownloadState, Line, SimProfile, UsageRecord
from esim.profile_states import advance
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(minutes=5)
"""When a poll that failed, or never ended, is made up for."""

INSTALLING_FOR = timedelta(hours=1)
"""From the first look at the code. A code bought ahead of a trip may lie for months, and networks bar who asks too much."""

LATENESS = timedelta(hours=2)
"""How far back each poll asks again: records arrive out of order, and repeats count once."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before that it is of a clock that was never set."""

ON_THE_WAY = frozenset({DownloadState.RELEASED, DownloadState.DOWNLOADED, DownloadState.INSTALLED})


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
        rating.rate_line(locked, now=now)
        Line.objects.filter(pk=line.pk).update(usage_reported_at=now)
    return new


def poll_usage(*, carrier: Carrier, now: datetime, limit: int, in_time: InTime = always) -> int:
    """Ask the carrier about the lines that are due while `in_time`, and return how many were asked.

    A line is claimed by moving its next turn, so two workers never ask about the same one. A carrier that has no
    answer, because it tells by itself, is not asked.
    """
    asked = 0
    if not carrier.capabilities.usage_reports:
        return asked
    for line in Line.objects.usage_poll_due(now)[:limit]:
        # A carrier that is asked slowly leaves the rest to the next tick.
        if not in_time():
            break
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
    counted = _ask_for_usage(line=line, profile=profile, carrier=carrier, now=now)
    # The subscriber may have opened the code while we asked.
    profile.refresh_from_db(fields=["download_state", "code_shown_at"])
    able = carrier.capabilities
    pause = able.poll_installing_every if _is_installing(profile, now=now) else able.poll_every
    Line.objects.filter(pk=line.pk).update(usage_poll_due_at=now + pause)
    return counted


def _ask_for_usage(*, line: Line, profile: SimProfile, carrier: Carrier, now: datetime) -> int:
    """Count what the carrier reports. One that only sends usage is not asked, and figures stay as old as they are."""
    if not carrier.capabilities.usage_reports:
        return 0
    since = (line.usage_reported_at or line.created_at) - LATENESS
    if profile.created_at < line.created_at:
        # It came from another owner's line, whose usage is none of this one's business.
        since = max(since, line.created_at)
    reports = carrier.usage_since(iccid=profile.iccid, since=since, until=now)
    counted = ingest(line=line, reports=reports, source=carrier.name, now=now)
    Line.objects.filter(pk=line.pk).update(usage_reported_at=now)
    return counted


def _claim(line: Line, *, now: datetime) -> bool:
    claimed = Line.objects.filter(pk=line.pk, usage_poll_due_at=line.usage_poll_due_at).update(
        usage_poll_due_at=now + ASK_AGAIN
    )
    return claimed == 1


def _is_installing(profile: SimProfile, *, now: datetime) -> bool:
    shown_at = profile.code_shown_at
    return profile.download_state in ON_THE_WAY and shown_at is not None and now < shown_at + INSTALLING_FOR


def _is_plausible(report: UsageReport, *, line: Line, now: datetime) -> bool:
    amounts = ((report.data_bytes, MOST_BYTES), (report.voice_seconds, MOST_SECONDS), (report.sms_count, MOST_SMS))
    is_in_time = EARLIEST <= report.at <= now + CLOCK_SKEW
    can_be_kept = len(report.record_id) <= ID_LENGTH and all(0 <= amount <= most for amount, most in amounts)
    if is_in_time and can_be_kept:
        return True
    logger.error("Usage record %s of %s makes no sense and was left out", masked(report.record_id), line.public_id)
    return False


def _insert(*, line: Line, by_id: dict[str, UsageReport], source: str, now: datetime) -> int:
    """Write the records we don't have, and return how many were really written here."""
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
        return 0
    # The lock keeps out other writers of this line; a record of another line that took the id meanwhile is
    # left out by the conflict, and by asking for this line's records afterwards.
    UsageRecord.objects.bulk_create(rows, ignore_conflicts=True)
    return mine.filter(line=line, record_id__in=[row.record_id for row in rows]).count()
