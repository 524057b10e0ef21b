"""What is left on a line: what runs, and what waits (TM Forum 654: Bucket)."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import Router

from accounts.api_tokens import LINES_READ
from esim.models import Allowance
from portal.api.door import ApiRequest, Needs
from portal.api.lines import seen_line
from portal.api.references import to_plan
from portal.api.shapes import Quantity, Reference, Shape, TimePeriod, problems

router = Router(tags=["lines"], by_alias=True, auth=Needs(LINES_READ))


class Bucket(Shape):
    """What a plan gives of one thing (TM Forum 654: Bucket); `remainingValue` null: unlimited."""

    usage_type: str
    initial_value: Quantity | None
    used_value: Quantity
    remaining_value: Quantity | None


class AllowanceShape(Shape):
    """What one purchase granted on a line, with a bucket for each thing it gives."""

    id: str
    product_offering: Reference
    is_data_pack: bool
    status: str
    valid_for: TimePeriod
    bucket: list[Bucket]
    daily_cap: Quantity | None
    throttled_kbps: int | None

    @classmethod
    def of(cls, allowance: Allowance, *, now: datetime) -> "AllowanceShape":
        cap = allowance.daily_cap_bytes
        return cls(
            id=allowance.public_id,
            product_offering=to_plan(allowance.plan, name=allowance.sold.label),
            is_data_pack=allowance.is_data_pack,
            status="active" if allowance.starts_at <= now else "queued",
            valid_for=TimePeriod(start_date_time=allowance.starts_at, end_date_time=allowance.ends_at),
            bucket=_buckets(allowance),
            daily_cap=None if cap is None else Quantity(amount=cap, units="byte"),
            throttled_kbps=allowance.throttled_kbps,
        )


@router.get("/{line_id}/allowances", response={200: list[AllowanceShape], **problems(404, 422)}, url_name="allowances")
def list_allowances(request: ApiRequest, line_id: str) -> Any:
    """Return what runs on a line and what waits, in the order in which it is used up: earliest end first."""
    line, now = seen_line(request, line_id), timezone.now()
    standing = Allowance.objects.filter(line=line).not_ended(now).select_related("plan", "sold")
    return [AllowanceShape.of(one, now=now) for one in standing.order_by("ends_at", "id")]


def _buckets(allowance: Allowance) -> list[Bucket]:
    given = [
        ("data", "byte", allowance.data_bytes, allowance.used_bytes),
        ("voice", "minute", allowance.voice_minutes or None, allowance.used_minutes),
        ("sms", "sms", allowance.sms_count or None, allowance.used_sms),
    ]
    return [
        Bucket(
            usage_type=what,
            initial_value=None if granted is None else Quantity(amount=granted, units=units),
            used_value=Quantity(amount=used, units=units),
            remaining_value=None if granted is None else Quantity(amount=max(0, granted - used), units=units),
        )
        for what, units, granted, used in given
        if granted is not None or what == "data"
    ]
