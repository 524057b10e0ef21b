"""Filters that write values in the reader's language and time zone; nothing in, nothing out."""

import re
from datetime import date, datetime

import phonenumbers
from django import template
from django.conf import settings
from django.template.defaultfilters import stringfilter
from django.utils import timezone
from django.utils.translation import get_language, gettext

from esim.models import Line
from portal.lib import dates
from portal.lib.charts import month_label
from portal.lib.data_size import format_bytes, format_small_bytes, format_speed
from portal.lib.money import Money, format_money

register = template.Library()

SIZE = re.compile(r"(\d) ([KMGT]B)\b")


@register.filter(name="money")
def money_filter(amount: Money | None) -> str:
    return format_money(amount, _language()) if isinstance(amount, Money) else ""


@register.simple_tag(name="money")
def money_tag(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency), _language())


@register.filter(needs_autoescape=True)
def data_size(n: int | None, *, autoescape: bool = True) -> str:
    return _figure(format_bytes(n, _language()), is_page=autoescape) if isinstance(n, int) else ""


@register.filter(needs_autoescape=True)
def speed(kbps: int | None, *, autoescape: bool = True) -> str:
    return _figure(format_speed(kbps, _language()), is_page=autoescape) if isinstance(kbps, int) else ""


@register.filter(needs_autoescape=True)
def together(written: str, *, autoescape: bool = True) -> str:
    """Keep what is a figure with its unit already, such as "30 days", on one line of a page."""
    return _figure(written, is_page=autoescape)


@register.filter(is_safe=True)
@stringfilter
def sizes_whole(text: str) -> str:
    """Keep each amount of data in a Chinese sentence or name, such as "20 GB", on one line of a page.

    Chinese has few other spaces: a line that is too long would part at just that one.
    """
    return SIZE.sub("\\1\N{NO-BREAK SPACE}\\2", text) if _language().startswith("zh") else text


@register.filter(needs_autoescape=True)
def distance(when: date | None, *, autoescape: bool = True) -> str:
    local = _local(when)
    if local is None:
        return ""
    day_of = local.date() if isinstance(local, datetime) else local
    return _figure(str(dates.distance(timezone.localdate(), day_of)), is_page=autoescape)


@register.filter(needs_autoescape=True)
def day(when: date | None, *, autoescape: bool = True) -> str:
    local = _local(when)
    return _on_page(dates.format_date_for(local, _language()), is_page=autoescape) if local is not None else ""


@register.filter
def clock(when: datetime | None) -> str:
    local = _local(when)
    return dates.format_clock(local, _language()) if isinstance(local, datetime) else ""


@register.filter(needs_autoescape=True)
def moment(when: datetime | None, *, autoescape: bool = True) -> str:
    local = _local(when)
    return _on_page(dates.format_moment(local, _language()), is_page=autoescape) if isinstance(local, datetime) else ""


@register.filter
def clock_there(when: datetime | None) -> str:
    """Write the time of day as it stands in `when`, whose zone is not the reader's."""
    return dates.format_clock(when, _language()) if isinstance(when, datetime) else ""


@register.filter(needs_autoescape=True)
def moment_there(when: datetime | None, *, autoescape: bool = True) -> str:
    """Write day and time of day as they stand in `when`, whose zone is not the reader's."""
    return _on_page(dates.format_moment(when, _language()), is_page=autoescape) if isinstance(when, datetime) else ""


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


def _on_page(written: str, *, is_page: bool) -> str:
    """Hold a date together on a page; letters are plain text, where an SMS counts each sign."""
    return dates.held_together(written) if is_page else written


def _figure(written: str, *, is_page: bool) -> str:
    """Keep a figure and its unit on one line of a page."""
    return written.replace(" ", "\N{NO-BREAK SPACE}") if is_page else written


def _local(when: date | None) -> date | None:
    if isinstance(when, datetime) and timezone.is_aware(when):
        return timezone.localtime(when)
    return when if isinstance(when, date) else None


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
