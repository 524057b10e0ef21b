"""Filters that write values in the reader's language and time zone; nothing in, nothing out."""

from datetime import date, datetime

import phonenumbers
from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext

from esim.models import Line
from portal.lib import dates
from portal.lib.charts import month_label
from portal.lib.data_size import format_bytes, format_small_bytes, format_speed
from portal.lib.money import Money, format_money

register = template.Library()


@register.filter(name="money")
def money_filter(amount: Money | None) -> str:
    return format_money(amount, _language()) if isinstance(amount, Money) else ""


@register.simple_tag(name="money")
def money_tag(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency), _language())


@register.filter
def data_size(n: int | None) -> str:
    return format_bytes(n, _language()) if isinstance(n, int) else ""


@register.filter
def speed(kbps: int | None) -> str:
    return format_speed(kbps, _language()) if isinstance(kbps, int) else ""


@register.filter
def distance(when: date | None) -> str:
    local = _local(when)
    if local is None:
        return ""
    day_of = local.date() if isinstance(local, datetime) else local
    return str(dates.distance(timezone.localdate(), day_of))


@register.filter
def day(when: date | None) -> str:
    local = _local(when)
    return dates.format_date_for(local, _language()) if local is not None else ""


@register.filter
def clock(when: datetime | None) -> str:
    local = _local(when)
    return dates.format_clock(local, _language()) if isinstance(local, datetime) else ""


@register.filter
def moment(when: datetime | None) -> str:
    local = _local(when)
    return dates.format_moment(local, _language()) if isinstance(local, datetime) else ""


@register.filter
def clock_there(when: datetime | None) -> str:
    """Write the time of day as it stands in `when`, whose zone is not the reader's."""
    return dates.format_clock(when, _language()) if isinstance(when, datetime) else ""


@register.filter
def moment_there(when: datetime | None) -> str:
    """Write day and time of day as they stand in `when`, whose zone is not the reader's."""
    return dates.format_moment(when, _language()) if isinstance(when, datetime) else ""


@register.filter
def month(first: date | None) -> str:
    return month_label(first, _language()) if isinstance(first, date) else ""


@register.filter
def duration(minutes: int) -> str:
    """Write a length of time: "3 h 20 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)d min") % {"minutes": rest}
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


@register.filter
def talk_time(seconds: int) -> str:
    """Write the length of a call: "3:05", or "1:02:05" where it took hours."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def small_data_size(n: int | None) -> str:
    """Write what one record holds, where a kilobyte counts."""
    return format_small_bytes(n, _language()) if isinstance(n, int) else ""


@register.filter
def webcal(address: str) -> str:
    """Return the address as calendar programs open it to subscribe."""
    return f"webcal{address[address.index(':') :]}"


@register.filter
def phone(msisdn: str | None) -> str:
    """Space a number as it is written internationally; what isn't one is shown as it is."""
    if not msisdn:
        return ""
    try:
        # Networks write MSISDNs without the plus that a parser needs.
        number = phonenumbers.parse(f"+{msisdn.lstrip('+')}")
    except phonenumbers.NumberParseException:
        return msisdn
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def line_name(line: Line | None) -> str:
    """Name a line as its owner knows it: by nickname, else by number."""
    return (line.nickname or phone(line.msisdn) or gettext("New line")) if line else ""


def _local(when: date | None) -> date | None:
    if isinstance(when, datetime) and timezone.is_aware(when):
        return timezone.localtime(when)
    return when if isinstance(when, date) else None


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
