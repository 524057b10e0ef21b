"""Money and moments as the reader of this page or letter reads them: in the active language and time zone."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language

from portal.lib.dates import distance, format_date_for, format_moment
from portal.lib.money import Money, format_money


def join_sentences(*sentences: object) -> str:
    """Put sentences after each other, without those that are empty; Chinese writes no space between them."""
    between = "" if (get_language() or "en").startswith("zh") else " "
    return between.join(words for words in map(str, sentences) if words)


def say_money(amount: Money) -> str:
    return format_money(amount, get_language() or "en")


def say_day(when: datetime) -> str:
    return format_date_for(timezone.localtime(when), get_language() or "en")


def say_moment(when: datetime) -> str:
    return format_moment(timezone.localtime(when), get_language() or "en")


def say_distance(when: datetime, *, now: datetime) -> str:
    """Say how many days lie between: "today", "in 9 days"."""
    return str(distance(timezone.localdate(now), timezone.localdate(when)))
