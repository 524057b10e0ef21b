"""Dates as subscribers read them, and how far away they are."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time
from django.utils.dateparse import parse_datetime
from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


WITHIN_CHINESE_DATE = re.compile(r"(?<=[年月])(?=\d)|(?<=\d)(?=[年月日])")
WITHIN_ENGLISH_DATE = re.compile(r"(?<=\d) (?=[A-Z][a-z]{2} \d)|(?<= [A-Z][a-z]{2}) (?=\d{4})")


def zone_or_utc(name: str) -> ZoneInfo:
    """Return the time zone; UTC where its name has left the tables, for a page must not break over that."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def instant(text: str) -> datetime | None:
    """Return the moment in UTC that a text names; None for whatever else it says, or where UTC has no such year."""
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins in a zone."""
    return datetime.combine(day, time(), zone)


def distance(from_date: date, to_date: date) -> "_StrPromise":
    """Say lazily where `to_date` lies as seen from `from_date`: "today", "in 9 days"."""
    return cast("_StrPromise", lazy(_say_distance, str)((to_date - from_date).days))


def format_date_for(when: date, locale: str) -> str:
    """Write a date for a reader of `locale`: "30 Nov 2026", "2026年11月30日".

    A datetime is taken as it stands; bring it into the reader's time zone before.
    """
    parsed = Locale.parse(locale, sep="-")
    # Month before day, as English data has it, is read wrongly outside North America.
    return format_date(when, "d MMM y" if parsed.language == "en" else "medium", locale=parsed)


def format_clock(when: datetime, locale: str) -> str:
    """Write the time of day on a 24-hour clock, as it stands in `when`: "14:05"."""
    return format_time(when.timetz(), "HH:mm", locale=Locale.parse(locale, sep="-"))


def format_moment(when: datetime, locale: str) -> str:
    """Write day and time of day in the active language: "30 Nov 2026, 14:05", "2026年11月30日 14:05"."""
    parts = {"day": format_date_for(when, locale), "time": format_clock(when, locale)}
    return gettext("%(day)s, %(time)s") % parts


def held_together(day: str) -> str:
    """Return a written date that no line of a page breaks within: Chinese ones break at each sign otherwise (UAX #14).

    Before the time of day a line may break.
    """
    return WITHIN_ENGLISH_DATE.sub("\N{NO-BREAK SPACE}", WITHIN_CHINESE_DATE.sub("\N{WORD JOINER}", day))


def _say_distance(days: int) -> str:
    match days:
        case 0:
            return gettext("today")
        case 1:
            return gettext("tomorrow")
        case -1:
            return gettext("yesterday")
    if days > 0:
        return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
    return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}
