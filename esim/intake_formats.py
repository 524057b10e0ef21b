"""Reading usage records out of bytes: CSV, NDJSON or a JSON document, gzipped or not, however long and however broken.

Streams are read a piece at a time. A line that is no record comes out as an unreadable one; what ends in the middle
raises BrokenOff after all that stood before.
"""

import csv
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from esim.intake_checks import RawRecord

CHUNK = 64 * 1024
LONGEST_LINE = 16 * 1024
SHOWN_OF_A_LINE = 200
GZIP = b"\x1f\x8b"
AMOUNTS = ("data_bytes", "voice_seconds", "sms_count")
FIELDS = ("record_id", "iccid", "msisdn", "at", *AMOUNTS)


class BrokenOff(Exception):
    """It ends in the middle: sent again as a whole, it goes on where it broke off, for what is known counts once."""


class Unreadable(Exception):
    """It isn't what it is said to be; the text says what was expected."""


class TooMuch(Exception):
    """There is more than is taken at a time."""


def pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what `read` returns until it returns nothing."""
    while piece := read(CHUNK):
        yield piece


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack, in pieces of CHUNK at most, whatever a small input claims to unpack to; raises BrokenOff, Unreadable."""
    member, begun = zlib.decompressobj(wbits=31), False
    for chunk in chunks:
        packed = chunk
        while packed or begun:
            try:
                data = member.decompress(packed, CHUNK)
            except zlib.error as error:
                raise Unreadable("Not gzip, or damaged.") from error
            begun = True
            if data:
                yield data
            if member.eof:
                # Files put behind each other are one file; some are padded with zeros.
                packed = member.unused_data.lstrip(b"\0")
                member, begun = zlib.decompressobj(wbits=31), False
            else:
                packed = member.unconsumed_tail
                if not packed and len(data) < CHUNK:
                    break
    if begun:
        raise BrokenOff


def limited(chunks: Iterable[bytes], *, most: int) -> Iterator[bytes]:
    """Pass on `most` bytes; raises TooMuch for more."""
    left = most
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise TooMuch
        yield chunk


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their line breaks; of one that is longer than LONGEST_LINE only the beginning."""
    rest, skipping = b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not skipping:
                yield line + b"\n"
            skipping = False
        if len(rest) > LONGEST_LINE:
            if not skipping:
                yield rest + b"\n"
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest


def from_file(chunks: Iterable[bytes]) -> Iterator[RawRecord]:
    """Read records in whichever of the formats it is; raises BrokenOff, Unreadable."""
    stream = _peeked(chunks)
    first = next(stream, b"")
    stream = chain([first], stream)
    if first.startswith(GZIP):
        return from_file(gunzipped(stream))
    is_json = first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return from_ndjson(lines(stream)) if is_json else from_csv(lines(stream))


def from_ndjson(stream: Iterable[bytes]) -> Iterator[RawRecord]:
    for line in stream:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            if not line.endswith(b"\n"):
                raise BrokenOff from None
            yield _unreadable(line)
        else:
            yield _of_object(value)


def from_json(body: bytes, *, most: int) -> list[RawRecord]:
    """Read a list of records, or an object with them under "records"; raises Unreadable, TooMuch."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body is no JSON.") from None
    records = value.get("records") if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise Unreadable('Expected {"records": […]}.')
    if len(records) > most:
        raise TooMuch
    return [_of_object(record) for record in records]


def from_csv(stream: Iterable[bytes]) -> Iterator[RawRecord]:
    """Read rows below a line with the names of the columns, in any order and with others among them.

    A last line without a line break may have lost digits, and is taken for cut off.
    """
    rows = iter(stream)
    header = next(rows, b"")
    if not header.endswith(b"\n"):
        raise BrokenOff
    text = header.decode("utf-8-sig", "replace")
    delimiter = max(",;\t", key=text.count)
    names = [name.strip().lower() for name in _cells(text, delimiter) or []]
    if not {"record_id", "at"} <= {*names} or not {"iccid", "msisdn"} & {*names} or not {*AMOUNTS} & {*names}:
        raise Unreadable(f"Expected a first line with the columns {', '.join(FIELDS)}.")
    places = [names.index(name) if name in names else None for name in FIELDS]
    for row in rows:
        if not row.endswith(b"\n"):
            raise BrokenOff
        cells = _cells(row.decode("utf-8", "replace"), delimiter)
        if cells is None or len(cells) not in {0, len(names)}:
            yield _unreadable(row)
        elif cells:
            yield RawRecord._make([*(None if place is None else cells[place].strip() for place in places), ""])


def _cells(line: str, delimiter: str) -> list[str] | None:
    # Line by line, so that a quotation mark left open does not swallow the records that follow.
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _of_object(value: Any) -> RawRecord:
    if not isinstance(value, dict):
        return _unreadable(repr(value)[:SHOWN_OF_A_LINE].encode("utf-8", "replace"))
    return RawRecord._make([*map(value.get, FIELDS), ""])


def _unreadable(line: bytes) -> RawRecord:
    return RawRecord(unreadable=line[:SHOWN_OF_A_LINE].decode("utf-8", "replace").strip())


def _peeked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return (chunk for chunk in chunks if chunk)
