"""When a message may reach somebody: what can wait doesn't come during the hours they want quiet.

`CAN_WAIT` is the published table (docs/operations.md): a kind that is not in it goes at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

Context = Mapping[str, Any]
DAY = timedelta(days=1)
SWEEP = timedelta(minutes=10)
"""How often reminders are looked for: what must go before the evening's quiet is looked at a sweep earlier."""


class Reader(Protocol):
    """Whose clock and whose quiet hours count: `User`, or a row read for many at once."""

    @property
    def quiet_from(self) -> time | None: ...

    @property
    def quiet_until(self) -> time | None: ...

    @property
    def zone(self) -> ZoneInfo: ...


@dataclass(frozen=True, slots=True)
class Quiet:
    """One stretch of quiet, from `begins_at` until, not including, `ends_at`."""

    begins_at: datetime
    ends_at: datetime


def _always(_context: Context) -> bool:
    return True


BY_ITSELF = frozenset({"expiry", "low_data", "low_balance"})
"""What sets off a purchase while its owner may be asleep, as notices say it."""

CAN_WAIT: dict[str, Callable[[Context], bool]] = {
    "charge_notice": _always,
    "renewal_obstacle": _always,
    "renewal_question": _always,
    "expiry_reminder": _always,
    # Used up is used up now, and somebody is using it.
    "data_reminder": lambda context: bool(context.get("left_bytes")),
    # What is reached is reached now, and somebody is using it.
    "budget_alert": lambda context: context.get("percent") != 100,  # noqa: PLR2004 - all of it
    "keep_alive_reminder": _always,
    "card_expiry": _always,
    # Who clicked, or said yes, waits for it; what was bought by itself can wait.
    "order_fulfilled": lambda context: context.get("trigger") in BY_ITSELF or bool(context.get("had_its_turn")),
    "refund_done": _always,
    "paid_for_you": _always,
    "dispute_closed": _always,
    "referral_rewarded": _always,
    "referral_reversed": _always,
    "application_more_wanted": _always,
    "application_approved": _always,
    "application_refused": _always,
    "application_lapsed": _always,
    "application_ready": _always,
}

DEADLINES = {
    "claim_code": "expires_at",
    "charge_notice": "charge_due_at",
    "renewal_obstacle": "charge_due_at",
    "renewal_question": "ends_at",
    "expiry_reminder": "ends_at",
    "data_reminder": "ends_at",
    "keep_alive_reminder": "lapses_at",
    "budget_alert": "ends_at",
    "speed_reduced": "resets_at",
}
"""Under which name a notice's context keeps when it is too late to tell: then it may not wait so long."""

LEFT_OUT = frozenset({"expiry_reminder", "data_reminder", "keep_alive_reminder"})
"""What waits all the same, and is not told any more then: it was told before, and nobody acts at night."""


def quiet_at(moment: datetime, *, reader: Reader) -> Quiet | None:
    """Return the stretch of quiet that `moment` lies in; None where there is none, or it isn't quiet.

    Each day's stretch is counted in instants, so that on the day of a clock change it neither repeats nor is lost.
    """
    begins, ends = reader.quiet_from, reader.quiet_until
    return None if begins is None or ends is None else _quiet_at(moment, reader.zone, begins, ends)


# A sweep asks about one moment for many people with the same hours.
@lru_cache(maxsize=1024)
def _quiet_at(moment: datetime, zone: ZoneInfo, begins: time, ends: time) -> Quiet | None:
    if begins == ends:
        return None
    today = moment.astimezone(zone).date()
    # A wall time that happens twice is its first occurrence, one that is skipped moves on by the gap (fold=0, PEP 495).
    for day in (today, today - DAY):
        last_day = day if begins < ends else day + DAY
        quiet = Quiet(
            datetime.combine(day, begins, zone).astimezone(UTC), datetime.combine(last_day, ends, zone).astimezone(UTC)
        )
        if quiet.begins_at <= moment < quiet.ends_at:
            return quiet
    return None


def before_quiet(moment: datetime, *, too_late_at: datetime, reader: Reader) -> datetime:
    """Return when to tell at the latest: at `moment`, or before the quiet it lies in where that would last too long."""
    quiet = quiet_at(moment, reader=reader)
    return moment if quiet is None or quiet.ends_at < too_late_at else quiet.begins_at - SWEEP


def send_at(*, kind: str, context: Context, reader: Reader, now: datetime) -> datetime:
    """Return when a notice that could go now is to go: now, or when the reader's quiet hours end."""
    if not CAN_WAIT.get(kind, _never)(context):
        return now
    quiet = quiet_at(now, reader=reader)
    if quiet is None:
        return now
    too_late_at = deadline(kind=kind, context=context)
    is_too_late = too_late_at is not None and quiet.ends_at >= too_late_at
    return now if is_too_late and kind not in LEFT_OUT else quiet.ends_at


def deadline(*, kind: str, context: Context) -> datetime | None:
    """Return from when on telling this would be wrong; None where it stays true."""
    text = context.get(DEADLINES.get(kind, ""))
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _never(_context: Context) -> bool:
    return False
