"""Reminders about a plan that ends or data that runs out: each rung once for an allowance, in the reader's days.

An allowance is looked at when `remind_due_at` says so: at the midnight on which a rung begins, and as soon as usage
takes it below the next share of its data. A plan of a day has the rung of its last day only: where that midnight is quiet
until the end, it is told the evening before. Rows are read as values, for there may be a million.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from accounts import quiet_hours
from accounts.notice_sets import Draft, Recipient, draft
from billing.models import QueuedPlan, Subscription
from billing.verdicts import Reason
from esim.models import Allowance, ServiceState
from esim.rating_rules import low_rung
from portal.lib.due_rows import among
from portal.lib.rungs import Standing, standing

logger = logging.getLogger(__name__)

EXPIRY_DAYS = (7, 3, 1, 0)
RENEWING = frozenset({Subscription.State.ACTIVE, Subscription.State.IN_FLIGHT})
TRY_AGAIN = timedelta(hours=1)
LAST_CALL = timedelta(hours=3)
"""How long before its end a plan of a day is told to end that ends at the midnight of its last day."""
RENEWED_WITHIN = timedelta(hours=1)
"""From when a charge is due; after that nobody relies on it any more."""


@dataclass(frozen=True, slots=True)
class Left:
    """An allowance that has not ended, as far as others on its line depend on it."""

    pk: int
    line_id: int
    is_data_pack: bool
    starts_at: datetime
    ends_at: datetime
    data_bytes: int | None
    used_bytes: int

    @property
    def has_data(self) -> bool:
        return self.data_bytes is None or self.data_bytes > self.used_bytes


@dataclass(frozen=True, slots=True)
class Row(Left):
    """An allowance with what a reminder says of it; fields in the order of COLUMNS."""

    public_id: str
    taken_back_at: datetime | None
    line_public_id: str
    nickname: str
    msisdn: str
    service_state: str
    mode: str | None
    renewal_state: str | None
    renewal_reason: str | None
    charge_due_at: datetime | None
    name: str
    name_zh_hans: str
    name_zh_hant: str
    recipient: Recipient

    @property
    def line(self) -> str:
        """The line as `str()` of its model names it."""
        return self.nickname or self.msisdn or self.line_public_id


LEFT = ["pk", "line_id", "is_data_pack", "starts_at", "ends_at", "data_bytes", "used_bytes"]
COLUMNS = [
    *LEFT,
    "public_id",
    "taken_back_at",
    *(f"line__{name}" for name in ("public_id", "nickname", "msisdn", "service_state")),
    *(f"line__subscription__{name}" for name in ("mode", "state", "reason", "charge_due_at")),
    *(f"sold__{name}" for name in ("name", "name_zh_hans", "name_zh_hant")),
]


def look(ids: Sequence[int], *, now: datetime) -> tuple[list[Draft], dict[int, datetime | None]]:
    """Return what to tell about these allowances now, and when to look at each again. Three queries."""
    rows = _read(ids)
    beside = _left(rows, now=now)
    queued = _with_queue(rows)
    drafts: list[Draft] = []
    times: dict[int, datetime | None] = {}
    for row in rows:
        try:
            told, times[row.pk] = look_at(
                row, others=beside.get(row.line_id, ()), is_queued=row.line_id in queued, now=now
            )
        except Exception:  # one odd row must not keep the others from being told
            logger.exception("No reminder could be made of allowance %s", row.public_id)
            times[row.pk] = now + TRY_AGAIN
        else:
            drafts += told
    return drafts, times


def _read(ids: Collection[int]) -> list[Row]:
    rows = Allowance.objects.filter(pk__in=among(ids)).order_by("remind_due_at", "pk")
    values = rows.values_list(*COLUMNS, *Recipient.columns("line__owner__"))
    return [Row(*(*one[: len(COLUMNS)], Recipient(*one[len(COLUMNS) :]))) for one in values]


def _left(rows: Sequence[Row], *, now: datetime) -> dict[int, list[Left]]:
    """Return, by line, what may follow or have data left elsewhere; few lines have more than is read already."""
    by_line: defaultdict[int, list[Left]] = defaultdict(list)
    for row in rows:
        if row.ends_at > now and row.taken_back_at is None:
            by_line[row.line_id].append(row)
    more = Allowance.objects.not_ended(now).exclude(pk__in=among([row.pk for row in rows]))
    for values in more.filter(line__in=among(by_line)).values_list(*LEFT):
        one = Left(*values)
        by_line[one.line_id].append(one)
    return by_line


def _with_queue(rows: Sequence[Row]) -> set[int]:
    """Return the lines on which a paid plan waits for the end of what runs."""
    ahead = QueuedPlan.objects.ahead().filter(line__in=among({row.line_id for row in rows}))
    return set(ahead.order_by().values_list("line", flat=True))


def look_at(
    row: Row, *, others: Collection[Left], is_queued: bool = False, now: datetime
) -> tuple[list[Draft], datetime | None]:
    """Return what to tell about an allowance now, and when to look at it again; None when usage alone can tell.

    `is_queued`: a paid plan waits for its end.
    """
    if row.ends_at <= now or row.taken_back_at is not None or row.service_state == ServiceState.TERMINATED:
        return [], None
    ending, end_at = (
        ([], None) if row.is_data_pack else _about_the_end(row, others=others, is_queued=is_queued, now=now)
    )
    low, low_at = _about_the_data(row, others=others, now=now)
    return ending + low, min(filter(None, [end_at, low_at]), default=None)


def _about_the_end(
    row: Row, *, others: Collection[Left], is_queued: bool, now: datetime
) -> tuple[list[Draft], datetime | None]:
    zone = row.recipient.zone
    reached = standing(EXPIRY_DAYS, begins_at=row.starts_at, ends_at=row.ends_at, zone=zone, now=now)
    where = _by_the_evening(row, reached, now=now)
    if where.rung is None or is_queued or _is_followed(row, others):
        return [], where.next_at
    renewed_by = _renewed_by(row)
    if renewed_by is not None and renewed_by > now:
        # Notices before the charge speak instead: one news, one message. Unless nothing comes of it.
        return [], min(filter(None, [where.next_at, renewed_by]))
    return [_expiry_reminder(row, where, now=now)], where.next_at


def _by_the_evening(row: Row, where: Standing, *, now: datetime) -> Standing:
    """Bring the first rung forward where telling of it would wait until the plan has ended."""
    midnight = where.next_at
    if midnight is None or where.rung is not None:
        return where
    moment = midnight if midnight < row.ends_at else row.ends_at - LAST_CALL
    tell_at = quiet_hours.before_quiet(moment, too_late_at=row.ends_at, reader=row.recipient)
    if tell_at == midnight:
        return where
    return replace(where, next_at=tell_at) if now < tell_at else replace(where, rung=EXPIRY_DAYS[-1])


def _about_the_data(row: Row, *, others: Collection[Left], now: datetime) -> tuple[list[Draft], datetime | None]:
    percent = low_rung(data_bytes=row.data_bytes, used_bytes=row.used_bytes)
    if percent is None or row.starts_at > now:
        return [], None
    elsewhere = [one for one in others if one.pk != row.pk and one.starts_at <= now]
    if with_data := [one.ends_at for one in elsewhere if one.has_data]:
        # What is left there may lapse unused.
        return [], min(with_data)
    if any((one.ends_at, one.pk) > (row.ends_at, row.pk) for one in elsewhere):
        return [], None
    return [_data_reminder(row, percent=percent, now=now)], None


def _renewed_by(row: Row) -> datetime | None:
    """Return when auto-renewal will have renewed the line, or asked about it; None where it isn't to before the end."""
    if row.mode not in Subscription.Mode.ON or row.renewal_state not in RENEWING or row.charge_due_at is None:
        return None
    # Held by a limit until next month, or resting until its owner puts the line back into service.
    if row.charge_due_at > row.ends_at or row.renewal_reason == Reason.SUSPENDED:
        return None
    return row.charge_due_at + RENEWED_WITHIN


def _is_followed(row: Row, others: Iterable[Left]) -> bool:
    """Tell whether more paid time follows without a gap."""
    return any(not one.is_data_pack and one.starts_at <= row.ends_at < one.ends_at for one in others)


def _expiry_reminder(row: Row, where: Standing, *, now: datetime) -> Draft:
    key = f"expiry-{where.rung}d:{row.public_id}"
    return _draft(row, kind="expiry_reminder", key=key, now=now, days_left=where.days_left)


def _data_reminder(row: Row, *, percent: int, now: datetime) -> Draft:
    amounts = {"left_bytes": max(0, (row.data_bytes or 0) - row.used_bytes), "data_bytes": row.data_bytes}
    return _draft(row, kind="data_reminder", key=f"data-{percent}:{row.public_id}", now=now, **amounts)


def _draft(row: Row, *, kind: str, key: str, now: datetime, **facts: Any) -> Draft:
    context = {
        "line": row.line,
        "line_id": row.line_public_id,
        "plan": {"name": row.name, "name_zh_hans": row.name_zh_hans, "name_zh_hant": row.name_zh_hant},
        "ends_at": row.ends_at.isoformat(),
        **facts,
    }
    return draft(recipient=row.recipient, kind=kind, key=key, context=context, now=now)
