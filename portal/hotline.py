"""The hotline: its number, when somebody answers it, and whether that is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_timezone_location
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext, to_locale

from esim.opening_hours import DAYS, Hours, parse_exceptions, parse_week, spans_on, standing_at
from portal.lib.dates import distance, format_clock, format_date_for, zone_or_utc

HOLIDAYS_AHEAD = timedelta(days=30)
TOMORROW, A_WEEK = 1, 7


@dataclass(frozen=True, slots=True)
class Hotline:
    """What a page says of the hotline; all words are in the reader's language, times on the hotline's clock."""

    phone: str
    is_open: bool
    state: str
    place: str
    week: Sequence[tuple[str, str]]
    holidays: Sequence[tuple[str, str]]


def hotline(now: datetime | None = None) -> Hotline | None:
    """Return the hotline as it is at `now`; None where there is none."""
    if not settings.PORTAL_SUPPORT_PHONE:
        return None
    week, exceptions = _hours(settings.PORTAL_SUPPORT_HOURS, settings.PORTAL_SUPPORT_HOLIDAYS)
    zone = zone_or_utc(settings.PORTAL_SUPPORT_TIME_ZONE)
    local = (now or timezone.now()).astimezone(zone)
    language = get_language() or "en"
    is_open, state = _standing(local, week, exceptions, language) if week else (False, "")
    return Hotline(
        phone=settings.PORTAL_SUPPORT_PHONE,
        is_open=is_open,
        state=state,
        place=_place(zone, language),
        week=_week(week, language),
        holidays=_holidays(exceptions, local.date(), language),
    )


@lru_cache(maxsize=4)
def _hours(week: str, holidays: str) -> tuple[Hours, Hours]:
    return parse_week(week), parse_exceptions(holidays)


def _standing(local: datetime, week: Hours, exceptions: Hours, language: str) -> tuple[bool, str]:
    standing = standing_at(local, week=week, exceptions=exceptions)
    if standing.closes_at is not None:
        return True, gettext("Open now until %(time)s") % {"time": format_clock(standing.closes_at, language)}
    if standing.opens_at is None:
        return False, pgettext("an outlet or the hotline", "Closed")
    days = (standing.opens_at.date() - local.date()).days
    is_far = TOMORROW < days < A_WEEK
    day = (
        _day(standing.opens_at.weekday(), language) if is_far else str(distance(local.date(), standing.opens_at.date()))
    )
    told = {"day": day, "time": format_clock(standing.opens_at, language)}
    return False, gettext("Closed now, opens %(day)s at %(time)s") % told


def _week(week: Hours, language: str) -> list[tuple[str, str]]:
    """Return the hours of the week, neighbours with the same hours together."""
    groups: list[tuple[int, int, Sequence[str]]] = []
    for number, day in enumerate(DAYS):
        spans = week.get(day, [])
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], number, spans)
        else:
            groups.append((number, number, spans))
    return [(_days(first, last, language), _spans(spans)) for first, last, spans in groups] if week else []


def _holidays(exceptions: Mapping[str, Sequence[str]], today: date, language: str) -> list[tuple[str, str]]:
    coming = [day for day in map(date.fromisoformat, sorted(exceptions)) if today <= day <= today + HOLIDAYS_AHEAD]
    return [(format_date_for(day, language), _spans(spans_on(day, week={}, exceptions=exceptions))) for day in coming]


def _days(first: int, last: int, language: str) -> str:
    begins, ends = _day(first, language), _day(last, language)
    return begins if first == last else gettext("%(first)s to %(last)s") % {"first": begins, "last": ends}


def _day(number: int, language: str) -> str:
    return str(get_day_names("wide", locale=to_locale(language))[number])


def _spans(spans: Sequence[str]) -> str:
    return ", ".join(span.replace("-", "\N{EN DASH}") for span in spans) or pgettext(
        "an outlet or the hotline", "closed"
    )


def _place(zone: ZoneInfo, language: str) -> str:
    if zone.key == "UTC":
        return "UTC"
    return str(get_timezone_location(zone, locale=to_locale(language), return_city=True))
