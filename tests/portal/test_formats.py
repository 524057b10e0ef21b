"""What Django writes by itself reads as what our own filters write."""

from datetime import date

import pytest
from django.utils import formats, translation

from portal.lib.dates import format_clock, format_date_for, format_moment
from tests.make import NOW


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_a_date_is_written_alike_by_both(language):
    with translation.override(language):
        assert formats.localize(date(2026, 11, 21)) == format_date_for(NOW, language)


def test_a_moment_has_the_day_before_the_month_and_no_p_m():
    with translation.override("en"):
        assert (
            formats.localize(NOW.replace(hour=14)) == "21 Nov 2026, 14:00" == format_moment(NOW.replace(hour=14), "en")
        )
        assert formats.time_format(NOW.time()) == format_clock(NOW, "en")
