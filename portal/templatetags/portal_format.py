"""Filters that write values in the reader's language and time zone; nothing in, nothing out."""

from datetime import date, datetime

import phonenumbers
from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from portal.lib import dates
from portal.lib.data_size import format_bytes, format_speed
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


def _local(when: date | None) -> date | None:
    if isinstance(when, datetime) and timezone.is_aware(when):
        return timezone.localtime(when)
    return when if isinstance(when, date) else None


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
