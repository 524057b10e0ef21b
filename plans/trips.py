"""A trip in figures: which days, and how much data on each of them."""

from dataclasses import dataclass
from datetime import date, timedelta

from babel.lists import format_list
from django.db import models
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from plans.advice_days import DayUse
from plans.countries import named_countries
from portal.lib.data_size import GB, MB

LONGEST_DAYS = 366


class Use(models.TextChoices):
    """What somebody does with a phone on a journey."""

    LIGHT = "light", _("Maps and messages")
    NORMAL = "normal", _("Web, mail and social media")
    HEAVY = "heavy", _("Photos, calls with a camera, some video")
    VIDEO = "video", _("Video every day, or work on a laptop")

    @property
    def bytes_a_day(self) -> int:
        return A_DAY[self]


A_DAY = {Use.LIGHT: 300 * MB, Use.NORMAL: GB, Use.HEAVY: 3 * GB, Use.VIDEO: 6 * GB}
"""What such a day takes, give or take: an hour of video in HD is 2 to 3 GB, an hour of maps 5 to 10 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Both days are part of the trip; countries are ISO 3166 codes."""

    countries: frozenset[str]
    first: date
    last: date
    use: Use

    @property
    def places(self) -> str:
        """Name the countries in the active language."""
        language = get_language() or "en"
        return format_list(named_countries(self.countries, language), locale=to_locale(language))

    @property
    def days(self) -> list[DayUse]:
        count = (self.last - self.first).days + 1
        return [
            DayUse(date=self.first + timedelta(days=ahead), data_bytes=self.use.bytes_a_day) for ahead in range(count)
        ]
