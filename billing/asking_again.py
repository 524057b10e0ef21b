"""When a gateway is asked about what it has not answered for: charges and refunds wait alike."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Case, F, QuerySet, Value, When

from billing.models import Charge, ChargeQuerySet, Refund, RefundQuerySet
from portal.lib.due_rows import in_turn
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

RowT = TypeVar("RowT", Charge, Refund)

FIRST_CHECK = timedelta(minutes=5)
NEXT_CHECKS = (timedelta(hours=1), timedelta(days=1))
"""After the first look; the last one again and again, until it is known."""
LOOK_LEASE = timedelta(minutes=10)
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT): who looks dies, and somebody looks again after that."""


def ask_each(
    due: QuerySet[RowT], ask: Callable[[RowT], RowT], *, what: str, kind: str, in_time: InTime = always
) -> int:
    """Ask about the rows that are due and return how many are over now; one that fails does not stop the rest."""
    asked = one_by_one(
        in_turn(due, order=("check_due_at", "pk"), in_time=in_time),
        ask,
        what=what,
        about=lambda one: {kind: one, "order": one.order},
    )
    return sum(not one.is_open for one in asked)


@contextmanager
def one_look(rows: ChargeQuerySet | RefundQuerySet, one: Charge | Refund, *, now: datetime) -> Iterator[bool]:
    """Look at one of the open `rows`, unless somebody else looks at it; what is still open then waits for its next look.

    Only a look that came to its end puts the next one off by hours. Who dies in it may have died between the
    gateway's yes and our books, and that must not wait a day.
    """
    looking_until = now + LOOK_LEASE
    if not rows.filter(pk=one.pk, check_due_at=one.check_due_at).update(check_due_at=looking_until):
        yield False
        return
    try:
        yield True
    except Exception:
        _put_off(rows, one, looking_until=looking_until, now=now)
        raise
    _put_off(rows, one, looking_until=looking_until, now=now)


def _put_off(
    rows: ChargeQuerySet | RefundQuerySet, one: Charge | Refund, *, looking_until: datetime, now: datetime
) -> None:
    """Set the next look, unless what was asked for again meanwhile has set its own."""
    delay = NEXT_CHECKS[min(one.checks, len(NEXT_CHECKS) - 1)]
    later = Case(When(check_due_at=looking_until, then=Value(now + delay)), default=F("check_due_at"))
    rows.filter(pk=one.pk).update(checks=F("checks") + 1, check_due_at=later)
