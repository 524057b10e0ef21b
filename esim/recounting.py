"""Counting usage again from all records, and comparing what comes out with what the rows say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from esim import rating_rows as rows
from esim.models import DailyUsage, Line
from esim.rating_rows import Held
from esim.rating_rules import Amounts, Record, Share, days_of, recount

PAGE = 100
"""Lines read at a time, with all their records."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is an allowance or a day of a line; `kept` is what its row says, `counted` what the records say.

    Data in bytes, calls in minutes (of a day in seconds), SMS.
    """

    line_id: int
    what: str
    kept: tuple[int, int, int]
    counted: tuple[int, int, int]

    def __str__(self) -> str:
        return f"line {self.line_id}, {self.what}: the row says {self.kept}, the records say {self.counted}"


def differences(*, fix: bool) -> Iterator[Difference]:
    """Yield what differs from what the counted records say, line by line; and write what they say, where `fix`.

    Each page is a transaction that holds its lines, so that nothing is counted meanwhile. Records that wait are left to
    their turn.
    """
    after = 0
    while page := list(Line.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        with transaction.atomic():
            found = _compare(page, fix=fix)
        yield from found
        after = page[-1]


def _compare(page: Sequence[int], *, fix: bool) -> list[Difference]:
    lines = rows.hold(page, skip_locked=False)
    records = rows.counted(page)
    shares, used = _used(page, records)
    days, kept = _days(lines, records), rows.days_of_lines(page)
    wrong_shares = [share for share in shares if share.used != used[share.pk]]
    wrong_days = {key for key in days.keys() | kept.keys() if days.get(key, NOTHING) != kept.get(key, NOTHING)}
    if fix:
        rows.set_used(wrong_shares)
        rows.set_days({key: days[key] for key in wrong_days & days.keys()})
        for line, day in wrong_days - days.keys():
            DailyUsage.objects.filter(line=line, date=day).delete()
    return [
        *(Difference(one.line_id, f"allowance {one.pk}", used[one.pk], one.used) for one in wrong_shares),
        *(
            Difference(line, f"day {day}", _tuple(kept.get((line, day))), _tuple(days.get((line, day))))
            for line, day in sorted(wrong_days)
        ),
    ]


def _used(
    page: Sequence[int], records: Mapping[int, list[Record]]
) -> tuple[list[Share], dict[int, tuple[int, int, int]]]:
    """Return the allowances as the records say, and what each of them said before."""
    by_line = rows.shares_of(page)
    shares = [share for own in by_line.values() for share in own]
    before = {share.pk: share.used for share in shares}
    for line, own in by_line.items():
        recount(records.get(line, []), own)
    return shares, before


def _days(lines: Sequence[Held], records: Mapping[int, list[Record]]) -> dict[tuple[int, date], Amounts]:
    return {
        (line.pk, day): amounts
        for line in lines
        for day, amounts in days_of(records.get(line.pk, []), line.zone).items()
    }


def _tuple(amounts: Amounts | None) -> tuple[int, int, int]:
    one = amounts or NOTHING
    return one.data_bytes, one.voice_seconds, one.sms_count


NOTHING = Amounts()
