"""Sheets that are written after the request that asked for them."""

from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from portal.lib.csv_rows import PAGE, csv_download

TOKYO = ZoneInfo("Asia/Tokyo")


def rows(count):
    """Yield rows that say in which language and time zone each was made."""
    for number in range(count):
        yield (number, translation.get_language(), timezone.get_current_timezone_name())


def test_rows_speak_as_the_page_did_that_asked_for_them():
    with translation.override("zh-hans"), timezone.override(TOKYO):
        answer = csv_download(rows(2 * PAGE + 1), name="sheet.csv")

    sheet = b"".join(answer.streaming_content).decode("utf-8-sig")

    assert sheet.splitlines() == [f"{number},zh-hans,Asia/Tokyo" for number in range(2 * PAGE + 1)]


def test_a_sheet_half_read_leaves_others_their_language_and_clock():
    with translation.override("zh-hans"), timezone.override(TOKYO):
        parts = iter(csv_download(rows(3), name="sheet.csv"))

    next(parts)
    next(parts)

    assert (translation.get_language(), timezone.get_current_timezone_name()) == ("en", "UTC")
