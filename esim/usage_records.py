"""The records of a line: which were chosen, and as rows of a sheet."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from esim.models import Line, UsageRecord
from esim.usage_history import EARLIEST, Measure
from portal.lib.dates import midnight

CHUNK = 2000
LATEST = date(9999, 12, 30)
"""The calendar ends the day after, in some zones hours before that."""


def chosen_records(
    line: Line, *, since: date | None, until: date | None, measure: Measure | None
) -> QuerySet[UsageRecord]:
    """Return the records on days of the line from `since` to `until`, both among them, the latest first."""
    records = UsageRecord.objects.filter(line=line)
    if since:
        records = records.filter(at__gte=midnight(max(since, EARLIEST), line.zone))
    if until and until < LATEST:
        records = records.filter(at__lt=midnight(until + timedelta(days=1), line.zone))
    if measure:
        records = records.filter(**{f"{measure.column}__gt": 0})
    else:
        records = records.filter(Q(data_bytes__gt=0) | Q(voice_seconds__gt=0) | Q(sms_count__gt=0))
    return records.order_by("-at", "-pk")


def sheet_of(records: QuerySet[UsageRecord], *, line: Line) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet, its head first; times are those of the line."""
    yield (_("Time"), _("Time zone"), _("Data (bytes)"), _("Call (seconds)"), _("SMS"), _("Source"), _("Record id"))
    for record in records.iterator(chunk_size=CHUNK):
        at = record.at.astimezone(line.zone)
        yield (
            f"{at:%Y-%m-%d %H:%M:%S}",
            line.time_zone,
            record.data_bytes,
            record.voice_seconds,
            record.sms_count,
            record.source,
            record.record_id,
        )
