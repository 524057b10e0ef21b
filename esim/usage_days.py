"""What lines used on each of their last days, and which plan they have: as advice about plans wants it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from esim.models import Allowance, DailyUsage, Line
from plans.advice_days import DayUse
from plans.models import SoldTerms

HISTORY_DAYS = 90
DAY = timedelta(days=1)
ENDED_LATELY = timedelta(days=HISTORY_DAYS)


@dataclass(frozen=True, slots=True)
class PresentPlan:
    """The plan of a line: the public id under which it is on the list, and what it was sold as."""

    public_id: str
    sold: SoldTerms


def days_by_line(lines: Iterable[Line], *, now: datetime) -> Mapping[int, Sequence[DayUse]]:
    """Return the days of each line from the first with use until yesterday, 90 at most. One query.

    Before its first use a line may have lain in a drawer; today is not over.
    """
    by_line = {line.pk: line for line in lines}
    # A day more: the days of a line begin where the line is at home.
    since = (now - (HISTORY_DAYS + 1) * DAY).date()
    used: defaultdict[int, dict[date, DayUse]] = defaultdict(dict)
    rows = DailyUsage.objects.filter(line__in=list(by_line), date__gte=since)
    for line_id, day, data, seconds, sms in rows.values_list(
        "line_id", "date", "data_bytes", "voice_seconds", "sms_count"
    ):
        # A minute begun counts whole.
        used[line_id][day] = DayUse(date=day, data_bytes=data, minutes=-(-seconds // 60), sms=sms)
    return {pk: _without_gaps(used[pk], today=now.astimezone(line.zone).date()) for pk, line in by_line.items()}


def _without_gaps(used: Mapping[date, DayUse], *, today: date) -> list[DayUse]:
    window = [today - back * DAY for back in range(HISTORY_DAYS, 0, -1)]
    days = [used.get(day) or DayUse(date=day) for day in window]
    first = next((place for place, day in enumerate(days) if not day.is_idle), len(days))
    return days[first:]


def present_plans(lines: Iterable[Line], *, now: datetime) -> Mapping[int, PresentPlan]:
    """Return the plan each line has, or had last within the days that are looked at. Two queries."""
    begun = Allowance.objects.standing().filter(
        line__in=list(lines), is_data_pack=False, starts_at__lte=now, ends_at__gt=now - ENDED_LATELY
    )
    rows = begun.in_burn_order().values_list("line_id", "plan__public_id", "sold_id")
    latest = {line_id: (public_id, sold_id) for line_id, public_id, sold_id in rows}
    sold = SoldTerms.objects.in_bulk({sold_id for _public_id, sold_id in latest.values()})
    return {line_id: PresentPlan(public_id, sold[sold_id]) for line_id, (public_id, sold_id) in latest.items()}
