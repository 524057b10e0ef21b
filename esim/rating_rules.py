"""How usage is counted: the one place that says which allowance a record is taken off, and which day it belongs to.

What an allowance has left is a function of the line's records in their own order (`in_order`) and of what was granted;
the order in which records arrived has no part in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

MOST_BYTES = 2**63 - 1
MOST_TIMES = 2**31 - 1
"""What the columns hold; absurd totals stay there rather than stop the counting of everybody's usage."""

LOW_PERCENT = (20, 10, 0)
"""What is left of the data when its owner is told."""


class Record(NamedTuple):
    """A usage record; fields in the order in which `rating_rows` reads them."""

    pk: int
    line_id: int
    at: datetime
    source: str
    record_id: str
    data_bytes: int
    voice_seconds: int
    sms_count: int
    received_at: datetime

    @property
    def is_use(self) -> bool:
        """A network also reports that nothing was used."""
        return bool(self.data_bytes or self.voice_seconds or self.sms_count)


@dataclass(slots=True)
class Share:
    """An allowance as far as counting depends on it; fields in the order in which `rating_rows` reads them."""

    pk: int
    line_id: int
    starts_at: datetime
    ends_at: datetime
    taken_back_at: datetime | None
    data_bytes: int | None
    voice_minutes: int
    sms_count: int
    used_bytes: int
    used_minutes: int
    used_sms: int

    @property
    def used(self) -> tuple[int, int, int]:
        return self.used_bytes, self.used_minutes, self.used_sms

    def covers(self, record: Record) -> bool:
        """Tell whether a record is taken off it: by its moment, however late it came.

        Of what was taken back nothing more is used, so a record that came afterwards is not taken off it.
        """
        in_time = self.starts_at <= record.at < self.ends_at
        return in_time and (self.taken_back_at is None or record.received_at < self.taken_back_at)


@dataclass(slots=True)
class Amounts:
    data_bytes: int = 0
    voice_seconds: int = 0
    sms_count: int = 0


def in_order(record: Record) -> tuple[datetime, str, str]:
    return record.at, record.source, record.record_id


def count(records: Iterable[Record], shares: Sequence[Share]) -> None:
    """Take records of one line off its allowances, which come in burn order: what lapses soonest is used first."""
    for record in sorted(records, key=in_order):
        covering = [share for share in shares if share.covers(record)]
        if covering:
            _spread(record, covering)


def recount(records: Iterable[Record], shares: Sequence[Share]) -> None:
    """Count all of a line's records from nothing."""
    for share in shares:
        share.used_bytes = share.used_minutes = share.used_sms = 0
    count(records, shares)


def adds_up(records: Iterable[Record], shares: Sequence[Share]) -> bool:
    """Tell whether records come to the same in any order, because none falls where two allowances overlap another."""
    apart = all(
        one.ends_at <= other.starts_at or other.ends_at <= one.starts_at
        for number, one in enumerate(shares)
        for other in shares[number + 1 :]
    )
    return apart or not any(share.covers(record) for record in records for share in shares)


def days_of(records: Iterable[Record], zone: ZoneInfo) -> dict[date, Amounts]:
    """Add up records by the day of `zone` they fall on."""
    days: defaultdict[date, Amounts] = defaultdict(Amounts)
    for record in records:
        day = days[record.at.astimezone(zone).date()]
        day.data_bytes = min(MOST_BYTES, day.data_bytes + record.data_bytes)
        day.voice_seconds = min(MOST_TIMES, day.voice_seconds + record.voice_seconds)
        day.sms_count = min(MOST_TIMES, day.sms_count + record.sms_count)
    return days


def low_rung(*, data_bytes: int | None, used_bytes: int) -> int | None:
    """Return which of LOW_PERCENT is reached; None while there is more left, or no end to it."""
    if not data_bytes:
        return None
    left = max(0, data_bytes - used_bytes)
    return min((percent for percent in LOW_PERCENT if left * 100 <= data_bytes * percent), default=None)


def _spread(record: Record, covering: Sequence[Share]) -> None:
    """Use up one allowance after the other; the last one takes what no allowance has room for."""
    last = covering[-1]
    # A minute begun counts whole, as networks bill them.
    data, minutes, sms = record.data_bytes, -(-record.voice_seconds // 60), record.sms_count
    for one in covering:
        taken = data if one is last or one.data_bytes is None else min(data, max(0, one.data_bytes - one.used_bytes))
        one.used_bytes, data = min(MOST_BYTES, one.used_bytes + taken), data - taken
        taken = minutes if one is last else min(minutes, max(0, one.voice_minutes - one.used_minutes))
        one.used_minutes, minutes = min(MOST_TIMES, one.used_minutes + taken), minutes - taken
        taken = sms if one is last else min(sms, max(0, one.sms_count - one.used_sms))
        one.used_sms, sms = min(MOST_TIMES, one.used_sms + taken), sms - taken
