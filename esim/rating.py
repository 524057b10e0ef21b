"""Counting usage: off the allowances of each moment, onto the line's own days. Many lines at once.

Most records can be added to what was counted before; where that would depend on the order in which they came, the line
is counted again from all its records. Either way it comes to what `rating_rules.recount` says.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from accounts import notice_sets
from esim import budgets, full_speed
from esim import rating_rows as rows
from esim.models import Allowance, Line
from esim.rating_rows import Held
from esim.rating_rules import Record, Share, adds_up, count, days_of, low_rung, recount
from portal.lib.due_rows import among
from portal.lib.ticks import InTime, always

BATCH = 5_000
"""Records in a transaction: their lines wait meanwhile for whoever else would change them."""


def rate_due(*, now: datetime, in_time: InTime = always, batch: int = BATCH) -> int:
    """Count the records that wait, and return how many were counted here.

    Of two workers at once each takes other lines; what it left to the other comes again at the next look.
    """
    after = done = 0
    while in_time():
        with transaction.atomic():
            window = rows.waiting(after=after, limit=batch)
            if window:
                # Read again once their lines are held: another worker may have counted them by then.
                lines = rows.hold({line for _pk, line in window}, skip_locked=True)
                done += _rate(lines, rows.uncounted([one.pk for one in lines], window=(after + 1, window[-1][0])), now)
        if len(window) < batch:
            return done
        after = window[-1][0]
    return done


def rate_line(line: Line, *, now: datetime) -> int:
    """Count what waits of one line, inside a transaction; return how many records that were."""
    return _rate(rows.hold([line.pk], skip_locked=False), rows.uncounted([line.pk]), now)


def rerate(line: Line, *, now: datetime) -> None:
    """Count a line's allowances again from all its counted records: for when what was granted has changed.

    Inside a transaction.
    """
    rows.hold([line.pk], skip_locked=False)
    shares = rows.shares_of([line.pk]).get(line.pk, [])
    rungs, before = _low_rungs(shares), [share.used for share in shares]
    recount(rows.counted([line.pk]).get(line.pk, []), shares)
    rows.set_used([share for share, used in zip(shares, before, strict=True) if share.used != used])
    if _low_rungs(shares) != rungs:
        _remind([line.pk], now=now)


def _rate(lines: Sequence[Held], records: Sequence[Record], now: datetime) -> int:
    """Count records of lines that are held."""
    if not records:
        return 0
    by_line: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        by_line[record.line_id].append(record)
    lines = [line for line in lines if line.pk in by_line]
    rows.add_to_days(_days(lines, by_line))
    _use_up(by_line, now=now)
    last_uses = {line: max(uses) for line, mine in by_line.items() if (uses := [one.at for one in mine if one.is_use])}
    rows.note_use(lines, last_uses, now=now)
    _tell(by_line, now=now)
    return len(records)


def _tell(lines: Collection[int], *, now: datetime) -> None:
    """Begin what today's usage sets off, and tell the owners of it."""
    spells = full_speed.begin_spells(lines, now=now)
    notice_sets.write([*full_speed.drafts(spells, now=now), *budgets.drafts(lines, now=now)], now=now)


def _days(lines: Iterable[Held], by_line: Mapping[int, list[Record]]) -> rows.Days:
    return {(line.pk, day): amounts for line in lines for day, amounts in days_of(by_line[line.pk], line.zone).items()}


def _use_up(by_line: Mapping[int, list[Record]], *, now: datetime) -> None:
    """Mark the records as counted, and take them off the allowances of their lines."""
    shares = rows.shares_of(by_line, since=min(record.at for mine in by_line.values() for record in mine))
    again = _out_of_order(by_line, shares)
    rows.mark_counted((record for mine in by_line.values() for record in mine), now=now)
    shares |= rows.shares_of(again)
    everything = rows.counted(again) if again else {}
    changed: list[Share] = []
    got_low: list[int] = []
    for line, own in shares.items():
        rungs, before = _low_rungs(own), [share.used for share in own]
        if line in again:
            recount(everything[line], own)
        else:
            count(by_line[line], own)
        changed += [share for share, used in zip(own, before, strict=True) if share.used != used]
        if _low_rungs(own) != rungs:
            got_low.append(line)
    rows.set_used(changed)
    _remind(got_low, now=now)


def _out_of_order(by_line: Mapping[int, list[Record]], shares: Mapping[int, list[Share]]) -> set[int]:
    """Return the lines on which something later was counted already, where that makes a difference."""
    mixed = {line for line, own in shares.items() if len(own) > 1 and not adds_up(by_line[line], own)}
    if not mixed:
        return set()
    last_at = rows.last_counted(mixed)
    first_at = {line: min(record.at for record in by_line[line]) for line in mixed}
    return {line for line, last in last_at.items() if last is not None and last >= first_at[line]}


def _remind(lines: Sequence[int], *, now: datetime) -> None:
    """Let the reminders look at all that runs on lines: which allowance is to be told about may have changed."""
    if lines:
        Allowance.objects.filter(line__in=among(lines)).running(now).update(remind_due_at=now)


def _low_rungs(shares: Iterable[Share]) -> list[int | None]:
    return [low_rung(data_bytes=one.data_bytes, used_bytes=one.used_bytes) for one in shares]
