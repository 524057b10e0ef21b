"""What lines used in thirty days, and a file of it. No model, so that raw SQL needs none."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

RECORDS_A_LINE = 50
PACK_IN = 10
LATE_IN = 20
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
FIRST = 1_000
"""Above the ids of the examples; see `copies`."""
BEGAN = NOW - timedelta(days=30)


class Used(NamedTuple):
    """One record, with the line's id in place of its ICCID."""

    record_id: str
    line_id: int
    at: datetime
    data_bytes: int
    voice_seconds: int
    sms_count: int


def lines_for(records: int) -> int:
    return max(PACK_IN, records // RECORDS_A_LINE)


def iccid_of(line_id: int) -> int:
    return 8985200000000000000 + line_id


def used(records: int, *, lines: int) -> Iterator[Used]:
    """Yield what was used, as it arrives: in time but for one in twenty, which is up to two days late."""
    step = timedelta(days=30) / records
    for number in range(records):
        chance = number * 2654435761 % 2**32
        late = timedelta(minutes=chance % 2880) if chance % LATE_IN == 0 else timedelta()
        yield Used(
            record_id=f"cdr-{number:012}",
            line_id=FIRST + 1 + number * 7919 % lines,
            at=max(BEGAN, BEGAN + number * step - late),
            data_bytes=chance % 120_000_000,
            voice_seconds=chance % 90 if chance % 8 == 0 else 0,
            sms_count=1 if chance % 16 == 0 else 0,
        )


def write_file(path: Path, records: int, *, lines: int) -> None:
    """Write the records as a network would send them."""
    with path.open("w") as file:
        for one in used(records, lines=lines):
            fields = one._asdict()
            fields |= {"iccid": str(iccid_of(fields.pop("line_id"))), "at": one.at.isoformat()}
            file.write(json.dumps(fields) + "\n")
