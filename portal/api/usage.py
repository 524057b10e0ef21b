"""What a line used, by day and record by record (TM Forum 635: Usage)."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query, Router
from pydantic import BeforeValidator, Field

from accounts.api_tokens import USAGE_READ
from esim.models import DailyUsage, UsageRecord
from esim.usage_history import Measure, MonthUsage, used_by_month
from esim.usage_records import chosen_records
from portal.api.cursors import Part, latest_first
from portal.api.door import ApiRequest, Needs
from portal.api.lines import seen_line
from portal.api.shapes import Page, Shape, Wish, page_of, problems

router = Router(tags=["usage"], by_alias=True, auth=Needs(USAGE_READ))

RECENT = timedelta(days=29)
MOST_DAYS = timedelta(days=400)
A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(text: object) -> object:
    # Left alone, 20261121 would be taken for seconds since 1970.
    if text is not None and not (isinstance(text, str) and A_DAY.fullmatch(text)):
        raise ValueError("Write a day like 2026-11-21.")
    return text


Day = Annotated[date | None, Field(description="A day of the line, like 2026-11-21."), BeforeValidator(_written_out)]


class Days(Wish):
    """From which day to which, both among them."""

    since: Day = None
    until: Day = None


class PartOfDays(Days, Part):
    """Which part of what was reported on some days, of everything or of one thing."""

    measure: Literal["data", "calls", "sms"] | None = None


class Characteristic(Shape):
    """One measure (TM Forum: UsageCharacteristic): dataBytes, voiceSeconds or smsCount."""

    name: str
    value_type: str = "integer"
    value: int


class UsageDay(Shape):
    """What a line used on one of its own days, in its time zone."""

    usage_date: date
    usage_characteristic: list[Characteristic]


class UsageMonth(Shape):
    """What a line used in one calendar month, such as 2026-11, in its time zone."""

    usage_month: str
    usage_characteristic: list[Characteristic]


class UsageShape(Shape):
    """One report of the network."""

    id: str
    usage_date: datetime
    status: str
    usage_characteristic: list[Characteristic]

    @classmethod
    def of(cls, record: UsageRecord) -> "UsageShape":
        return cls(
            id=f"{record.source}:{record.record_id}",
            usage_date=record.at,
            status="received" if record.rated_at is None else "rated",
            usage_characteristic=_measures(record),
        )


@router.get("/{line_id}/usage", response={200: list[UsageDay], **problems(404, 422)}, url_name="usage_days")
def list_days(request: ApiRequest, line_id: str, days: Annotated[Days, Query()]) -> Any:
    """Return the days with usage, earliest first: the last 30 days, or those you name, 400 at most."""
    line = seen_line(request, line_id)
    last = days.until or timezone.localdate(timezone.now(), line.zone)
    first = max(days.since or _before(last, RECENT), _before(last, MOST_DAYS))
    used = DailyUsage.objects.filter(line=line, date__range=(first, last)).order_by("date")
    return [UsageDay(usage_date=day.date, usage_characteristic=_measures(day)) for day in used]


@router.get("/{line_id}/usage/months", response={200: list[UsageMonth], **problems(404, 422)}, url_name="usage_months")
def list_months(request: ApiRequest, line_id: str) -> Any:
    """Return the last twelve months, earliest first, this one among them."""
    line = seen_line(request, line_id)
    months = used_by_month(line, today=timezone.localdate(timezone.now(), line.zone))
    return [UsageMonth(usage_month=f"{one.month:%Y-%m}", usage_characteristic=_measures(one)) for one in months]


@router.get(
    "/{line_id}/usage/records", response={200: Page[UsageShape], **problems(404, 422)}, url_name="usage_records"
)
def list_records(request: ApiRequest, line_id: str, part: Annotated[PartOfDays, Query()]) -> Any:
    """Return what the network reported, the latest first."""
    measure = Measure(part.measure) if part.measure else None
    chosen = chosen_records(seen_line(request, line_id), since=part.since, until=part.until, measure=measure)
    rows, following = latest_first(chosen, part=part)
    return page_of([UsageShape.of(record) for record in rows], following)


def _before(day: date, time: timedelta) -> date:
    return day - time if day - date.min > time else date.min


def _measures(used: DailyUsage | MonthUsage | UsageRecord) -> list[Characteristic]:
    return [
        Characteristic(name="dataBytes", value=used.data_bytes),
        Characteristic(name="voiceSeconds", value=used.voice_seconds),
        Characteristic(name="smsCount", value=used.sms_count),
    ]
