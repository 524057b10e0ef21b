"""Usage at eSIM Go: they tell how much of each bundle is left, the portal counts what was used in between."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet, Sum

from esim.carriers.base import UsageReport
from esim.carriers.esimgo_answers import Assignment
from esim.carriers.esimgo_settings import ESIMGO
from esim.models import UsageRecord

DATA = "data"


def reports_of(assignments: Iterable[Assignment], *, at: datetime) -> list[UsageReport]:
    """Return what was used of each data bundle since it was counted last.

    A record is named after what had been counted before it. So of two polls that read the same books one counts,
    and what the other knew besides comes with the next; the amounts of a bundle always add up to what they say.
    """
    reports = []
    for one in assignments:
        if one.group not in {"", DATA} or not one.used:
            continue
        counted = _counted(one.id)
        if one.used > counted:
            record_id = f"{one.id}@{counted}"
            reports.append(UsageReport(record_id=record_id, at=at, data_bytes=one.used - counted))
    return reports


def records_of(assignment_id: str) -> QuerySet[UsageRecord]:
    """Return what was counted of a bundle; walks the index usage_record_by_bundle."""
    return UsageRecord.objects.filter(source=ESIMGO, record_id__startswith=f"{assignment_id}@")


def _counted(assignment_id: str) -> int:
    return int(records_of(assignment_id).aggregate(total=Sum("data_bytes"))["total"] or 0)
