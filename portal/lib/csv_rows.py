"""Rows that are handed out as CSV, a few at a time, and that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

from portal.lib.downloads import headers_to_save

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of text must not begin with (OWASP, CSV injection)."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of the machine."""


class _Echo:
    def write(self, text: str) -> str:
        return text


def harmless(value: object) -> object:
    """Return what a spreadsheet shows as it is; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def csv_download(rows: Iterable[Sequence[object]], *, name: str) -> StreamingHttpResponse:
    """Return an answer that the browser saves under `name`, whose memory does not grow with the rows."""
    return StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8", headers=headers_to_save(name))


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([harmless(value) for value in row])
