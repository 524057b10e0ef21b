"""The reminder sweep: looks at the rows that ask for it, and writes what is due into the outbox, each fact once.

Each row keeps when it is looked at next, so a sweep costs what is due, not what there is. Several may run at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Model, QuerySet

from accounts import notice_sets, webhooks
from accounts.notice_sets import Draft
from billing import allowance_reminders, charge_notices, operator_events
from billing.models import Subscription
from esim import keep_alive
from esim.models import Allowance, Line
from portal.lib.due_rows import peruse, set_times, walk
from portal.lib.ticks import InTime, always

Times = Mapping[int, datetime | None]
Look = Callable[[Sequence[int]], tuple[Iterable[Draft], Times]]


Hear = Callable[[Draft], object]


def ignore(_draft: Draft) -> None:
    """Hear nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Rows that ask to be looked at by a moment in `column`; `look` says what to tell, and when to look again."""

    model: type[Model]
    column: str
    due: QuerySet[Any]
    look: Look
    is_for_operators: bool = False


def send_reminders(*, now: datetime, dry_run: bool = False, hear: Hear = ignore, in_time: InTime = always) -> int:
    """Write the reminders due at `now` into the outbox and return how many were not written before.

    `hear` is given each: they are not kept, for there may be many.
    """
    if not dry_run:
        charge_notices.plan(now=now, in_time=in_time)
    topics = _topics(now, dry_run=dry_run)
    return sum(_sweep(topic, now=now, dry_run=dry_run, hear=hear, in_time=in_time) for topic in topics)


def _topics(now: datetime, *, dry_run: bool) -> Iterator[Topic]:
    charges = Subscription.objects.to_foretell_notices(now) if dry_run else Subscription.objects.to_notice(now)
    yield Topic(model=Subscription, column="notice_due_at", due=charges, look=partial(charge_notices.look, now=now))
    yield Topic(
        model=Allowance,
        column="remind_due_at",
        due=Allowance.objects.to_remind(now),
        look=partial(allowance_reminders.look, now=now),
        is_for_operators="line.expiring" in webhooks.wanted(),
    )
    yield Topic(
        model=Line,
        column="keep_alive_due_at",
        due=Line.objects.to_keep_alive(now),
        look=partial(keep_alive.look, now=now),
    )


def _sweep(topic: Topic, *, now: datetime, dry_run: bool, hear: Hear, in_time: InTime) -> int:
    told = 0

    def page(ids: list[int]) -> None:
        nonlocal told
        drafts, times = topic.look(ids)
        new = notice_sets.untold(drafts) if dry_run else notice_sets.write(drafts, now=now)
        if topic.is_for_operators and not dry_run:
            operator_events.lines_expiring(drafts, now=now)
        if not dry_run:
            set_times(topic.model, topic.column, times)
        told += len(new)
        for draft in new:
            hear(draft)

    if dry_run:
        # What a sweep would plan first has no moment yet.
        peruse(topic.due, order=("id",), look=page)
    else:
        walk(topic.due, order=(topic.column, "id"), look=page, in_time=in_time)
    return told
