"""Rows that are handed out as CSV, a few at a time, and that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import islice

from django.http import StreamingHttpResponse
from django.utils import timezone, translation

from portal.lib.downloads import headers_to_save

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of text must not begin with (OWASP, CSV injection)."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of the machine."""

PAGE = 100


class _Echo:
    def write(self, text: str) -> str:
        return text


def harmless(value: object) -> object:
    """Return what a spreadsheet shows as it is; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def csv_download(rows: Iterable[Sequence[object]], *, name: str) -> StreamingHttpResponse:
    """Return an answer that the browser saves under `name`, whose memory does not grow with the rows.

    It is written when the request is over; `rows` see the time zone and language of now all the same.
    """
    told = _told_in(timezone.get_current_timezone(), translation.get_language(), rows)
    return StreamingHttpResponse(_lines(told), content_type="text/csv; charset=utf-8", headers=headers_to_save(name))


def _told_in(zone: tzinfo, language: str | None, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    rest = iter(rows)
    while True:
        # Never across a yield: between two rows the thread may answer others.
        with timezone.override(zone), translation.override(language):
            page = list(islice(rest, PAGE))
        if not page:
            return
        yield from page


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([harmless(value) for value in row])
