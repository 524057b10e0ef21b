"""Whether a usage record that came by file or API makes sense: no query, no exception.

What cannot be true is put aside with a reason (`QuarantinedUsage`) rather than counted, and never stops the others.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from esim.identifiers import NotAnIccid, normalised_iccid
from esim.models import QuarantinedUsage

Reason = QuarantinedUsage.Reason

CLOCK_SKEW = timedelta(minutes=10)
MOST_BYTES = 10**15
MOST_SECONDS = 10**7
MOST_SMS = 10**6
"""In one record; more is another unit, or no number at all. They fit their columns with room for sums."""

ID_LENGTH = 80
AMOUNT = re.compile(r"-?[0-9]{1,40}", re.ASCII)
NUMBER = re.compile(r"\+?([0-9]{5,15})", re.ASCII)
ICCID_LENGTHS = (19, 20)


class RawRecord(NamedTuple):
    """A record as it came: numbers or their texts, times as text. `unreadable` is what came where no record could be read."""

    record_id: Any = None
    iccid: Any = None
    msisdn: Any = None
    at: Any = None
    data_bytes: Any = None
    voice_seconds: Any = None
    sms_count: Any = None
    unreadable: str = ""


class Checked(NamedTuple):
    """A record that makes sense, as far as can be told without looking its line up; one of the numbers may be empty."""

    record_id: str
    iccid: str
    msisdn: str
    at: datetime
    data_bytes: int
    voice_seconds: int
    sms_count: int


class MakesNoSense(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def checked(raw: RawRecord, *, now: datetime) -> Checked:
    """Return the record with its values read; raises MakesNoSense."""
    record_id, at = _id(raw.record_id), _moment(raw.at)
    given = (raw.data_bytes, raw.voice_seconds, raw.sms_count)
    if all(value is None or value == "" for value in given):
        # Columns with other names: a record that says nothing is not one that says "nothing used".
        raise MakesNoSense(Reason.MALFORMED)
    data_bytes, voice_seconds, sms_count = map(_amount, given)
    if data_bytes < 0 or voice_seconds < 0 or sms_count < 0:
        raise MakesNoSense(Reason.NEGATIVE)
    if data_bytes > MOST_BYTES or voice_seconds > MOST_SECONDS or sms_count > MOST_SMS:
        raise MakesNoSense(Reason.TOO_LARGE)
    if at > now + CLOCK_SKEW:
        raise MakesNoSense(Reason.IN_FUTURE)
    iccid, msisdn = _iccid(raw.iccid), _msisdn(raw.msisdn)
    if not iccid and not msisdn:
        raise MakesNoSense(Reason.MALFORMED)
    return Checked(record_id, iccid, msisdn, _in_utc(at), data_bytes, voice_seconds, sms_count)


def _id(value: Any) -> str:
    text = str(value).strip() if type(value) in (str, int) else ""
    # Not printable: control characters, and halves of characters that no database stores.
    if not 0 < len(text) <= ID_LENGTH or not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
        raise MakesNoSense(Reason.MALFORMED)
    return text


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        raise MakesNoSense(Reason.MALFORMED) from None
    if moment.tzinfo is None:
        # Whose midnight it is cannot be guessed.
        raise MakesNoSense(Reason.MALFORMED)
    return moment


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise MakesNoSense(Reason.TOO_OLD) from None


def _amount(value: Any) -> int:
    if type(value) is int:
        return value
    if value is None or value == "":
        return 0
    if type(value) is str and AMOUNT.fullmatch(value.strip()):
        return int(value)
    raise MakesNoSense(Reason.MALFORMED)


def _iccid(value: Any) -> str:
    if type(value) is str and len(value) in ICCID_LENGTHS and value.isdecimal() and value.isascii():
        return value
    if value is None or value == "":
        return ""
    try:
        return normalised_iccid(str(value))
    except (NotAnIccid, ValueError):
        raise MakesNoSense(Reason.MALFORMED) from None


def _msisdn(value: Any) -> str:
    if value is None or value == "":
        return ""
    found = NUMBER.fullmatch(re.sub(r"[\s()-]", "", str(value))) if type(value) in (str, int) else None
    if found is None:
        raise MakesNoSense(Reason.MALFORMED)
    return f"+{found[1]}"
