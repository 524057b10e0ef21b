"""Money and moments as the reader of this page reads them: in the active language and time zone."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language

from portal.lib.dates import distance, format_date_for, format_moment, held_together
from portal.lib.letter_marks import MARK
from portal.lib.money import Money, format_money

# Not before an address, which an address mark may precede.
SPACE_BETWEEN = re.compile(rf"(?<=[。！？]) +(?!https?:|{MARK})")


def join_sentences(*sentences: object) -> str:
    """Put sentences after each other, without those that are empty; Chinese writes no space between them."""
    between = "" if _is_chinese() else " "
    return between.join(words for words in map(str, sentences) if words)


def close_up(text: str) -> str:
    """Return a text without the spaces that a template has put between its sentences, where the language writes none."""
    return SPACE_BETWEEN.sub("", text) if _is_chinese() else text


def say_money(amount: Money) -> str:
    return format_money(amount, get_language() or "en")


def say_day(when: datetime) -> str:
    return held_together(format_date_for(timezone.localtime(when), get_language() or "en"))


def say_moment(when: datetime) -> str:
    return held_together(format_moment(timezone.localtime(when), get_language() or "en"))


def say_distance(when: datetime, *, now: datetime) -> str:
    """Say how many days lie between: "today", "in 9 days"."""
    return str(distance(timezone.localdate(now), timezone.localdate(when)))


def _is_chinese() -> bool:
    return (get_language() or "en").startswith("zh")
