"""Whose turn it is to work on an auto-renewal: claims by lease and fencing token."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.db.models.fields.tuple_lookups import TupleGreaterThan

from billing import plain_writes
from billing.models import Subscription, SubscriptionQuerySet
from portal.lib.set_sql import array
from portal.lib.ticks import InTime

# Longer than a task may run (CELERY_TASK_TIME_LIMIT): who still charges must still hold the row.
LEASE = timedelta(minutes=10)
ORDER = ("charge_due_at", "pk")

Position = tuple[datetime, int]
"""Where a walk has got to in the order of claims."""


class Claimed(NamedTuple):
    """A row that is the caller's for the length of a lease."""

    pk: int
    plan_id: int


@dataclass(slots=True)
class Walk:
    """Claims what is wanted, batch after batch, each from where the one before ended.

    Without that bound each claim would walk over all rows claimed before it. What becomes due again behind it waits
    for the next run. A lease runs from the moment of its claim, however long the walk takes.
    """

    wanted: SubscriptionQuerySet
    now: datetime
    limit: int
    _after: Position | None = None
    _began: float = field(default_factory=time.monotonic)

    def batches(self, in_time: InTime) -> Iterator[list[Claimed]]:
        """Yield claimed rows until nothing is left or `in_time` says no."""
        while batch := self._claim():
            yield batch
            if len(batch) < self.limit or not in_time():
                return

    def _claim(self) -> list[Claimed]:
        skip_locked = connection.features.has_select_for_update_skip_locked
        rows = self.wanted.order_by(*ORDER).select_for_update(skip_locked=skip_locked, of=("self",))
        if self._after is not None:
            rows = rows.filter(TupleGreaterThan((F("charge_due_at"), F("pk")), self._after))
        lease_until = self.now + LEASE + timedelta(seconds=int(time.monotonic() - self._began))
        with transaction.atomic():
            found = list(rows.values_list(*ORDER, "plan_id")[: self.limit])
            if not found:
                return []
            self._after = found[-1][:2]
            _take([pk for _due_at, pk, _plan_id in found], lease_until=lease_until)
        return [Claimed(pk, plan_id) for _due_at, pk, plan_id in found]


def _take(ids: list[int], *, lease_until: datetime) -> None:
    if connection.vendor == "postgresql":
        plain_writes.hold({"ids": array(ids), "lease_until": lease_until})
        return
    Subscription.objects.filter(pk__in=ids).update(
        state=Subscription.State.IN_FLIGHT, lease_until=lease_until, fence=F("fence") + 1
    )


def claim(wanted: SubscriptionQuerySet, *, now: datetime, limit: int) -> list[Subscription]:
    """Take rows for the length of a lease; of two workers each gets other rows."""
    return load(next(Walk(wanted, now, limit).batches(lambda: False), []))


def load(rows: list[Claimed]) -> list[Subscription]:
    """Return claimed rows with what is looked at one by one, in the order of their claims."""
    ids = [one.pk for one in rows]
    claimed = Subscription.objects.filter(pk__in=ids, state=Subscription.State.IN_FLIGHT)
    return list(claimed.select_related("line__owner", "plan", "method", "backup_method", "agreement").order_by(*ORDER))
