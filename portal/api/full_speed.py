"""The full speed of an unlimited plan: how much of today's is used, when it ends, and when it is back."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import USAGE_READ
from esim.throttle_meter import SlowedDay, ThrottleMeter, throttle_meter
from portal.api.door import ApiRequest, Needs
from portal.api.lines import seen_line
from portal.api.shapes import Quantity, Shape, TimePeriod, problems

router = Router(tags=["usage"], by_alias=True, auth=Needs(USAGE_READ))


class SlowedShape(Shape):
    """A time on which the line was slowed down, and the day of the line it belongs to."""

    usage_date: date
    valid_for: TimePeriod

    @classmethod
    def of(cls, slowed: SlowedDay) -> "SlowedShape":
        period = TimePeriod(start_date_time=slowed.began_at, end_date_time=slowed.ended_at)
        return cls(usage_date=slowed.date, valid_for=period)


class MeterShape(Shape):
    """The meter of the plan that runs."""

    daily_cap: Quantity
    used: Quantity
    is_slow: bool
    throttled_kbps: int
    slows_at: Annotated[datetime | None, Field(description="Foretold from today's pace; null: not today, or unknown.")]
    resets_at: datetime
    slowed: Annotated[list[SlowedShape], Field(description="Of the last 30 days, the latest first.")]

    @classmethod
    def of(cls, meter: ThrottleMeter) -> "MeterShape":
        return cls(
            daily_cap=Quantity(amount=meter.cap_bytes, units="byte"),
            used=Quantity(amount=meter.used_bytes, units="byte"),
            is_slow=meter.is_slow,
            throttled_kbps=meter.kbps,
            slows_at=meter.slows_at,
            resets_at=meter.resets_at.astimezone(UTC),
            slowed=[SlowedShape.of(one) for one in meter.slowed],
        )


class FullSpeedShape(Shape):
    """No meter: nothing that runs on the line has a daily cap."""

    meter: MeterShape | None


@router.get("/{line_id}/full-speed", response={200: FullSpeedShape, **problems(404, 422)}, url_name="full_speed")
def get_full_speed(request: ApiRequest, line_id: str) -> Any:
    """Return how much of today's full speed is used on a line with an unlimited plan."""
    meter = throttle_meter(seen_line(request, line_id), now=timezone.now())
    return FullSpeedShape(meter=MeterShape.of(meter) if meter else None)
