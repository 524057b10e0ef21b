"""Tells people before a plan ends or its data runs out: each reminder once for an allowance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Notification, User
from accounts.notifications import notices
from billing.models import Subscription
from billing.plan_names import plan_names
from billing.sales import as_context
from esim.models import Allowance, ServiceState

EXPIRY_DAYS = (7, 3, 1, 0)
DATA_LEFT_PERCENT = (20, 10, 0)
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One thing to tell one person; `key` names the fact, so it is told once."""

    user: User
    kind: str
    key: str
    context: dict[str, Any]


def send_reminders(*, now: datetime, dry_run: bool = False) -> list[Reminder]:
    """Write the reminders due at `now` into the outbox and return those not written before."""
    sent = []
    for page in _pages(_ending_soon(now)):
        sent += write_new(_expiry_reminders(page, now=now), now=now, dry_run=dry_run)
    for page in _pages(_running_low(now)):
        sent += write_new(filter(None, map(_data_reminder, page)), now=now, dry_run=dry_run)
    return sent


def expiry_rung(*, days_left: int, days_in_all: int) -> int | None:
    """Return which of the EXPIRY_DAYS is the one to tell about; None when none is reached."""
    return rung_reached(EXPIRY_DAYS, days_left=days_left, days_in_all=days_in_all)


def rung_reached(rungs: Iterable[int], *, days_left: int, days_in_all: int) -> int | None:
    """Return which of these days before an end is the one to tell about; None when none is reached.

    A plan of three days isn't announced to end in three days right after it was bought. After a silence of the
    scheduler only the latest of the missed reminders is sent: it says all the others would have said. What has
    ended is no longer announced.
    """
    reached = [days for days in rungs if 0 <= days_left <= days < days_in_all]
    return min(reached, default=None)


def data_rung(allowance: Allowance) -> int | None:
    """Return which of the DATA_LEFT_PERCENT is reached; None while there is more left."""
    if not allowance.data_bytes:
        return None
    left = max(0, allowance.data_bytes - allowance.used_bytes)
    reached = [percent for percent in DATA_LEFT_PERCENT if left * 100 <= allowance.data_bytes * percent]
    return min(reached, default=None)


def _ending_soon(now: datetime) -> Any:
    """Plans that end within the longest notice, unless more paid time follows; walks the index allowance_by_end."""
    follows = Allowance.objects.standing().filter(
        line=OuterRef("line"), is_data_pack=False, starts_at__lte=OuterRef("ends_at"), ends_at__gt=OuterRef("ends_at")
    )
    # One day more than the longest notice: days are counted in the reader's zone.
    return _readable(now).filter(
        ~Exists(follows), is_data_pack=False, ends_at__lt=now + timedelta(days=max(EXPIRY_DAYS) + 1)
    )


def _running_low(now: datetime) -> Any:
    """Running allowances nearly used up, the last of their line to burn: data left elsewhere is no reason to warn."""
    others = Allowance.objects.running(now).filter(line=OuterRef("line")).exclude(pk=OuterRef("pk"))
    has_data = Q(data_bytes__isnull=True) | Q(data_bytes__gt=F("used_bytes"))
    burns_later = Q(ends_at__gt=OuterRef("ends_at")) | Q(ends_at=OuterRef("ends_at"), pk__gt=OuterRef("pk"))
    share = 100 - max(DATA_LEFT_PERCENT)
    return _readable(now).filter(
        ~Exists(others.filter(has_data | burns_later)),
        starts_at__lte=now,
        data_bytes__gt=0,
        used_bytes__gte=F("data_bytes") * share / 100,
    )


def _readable(now: datetime) -> Any:
    in_use = Allowance.objects.not_ended(now).exclude(line__service_state=ServiceState.TERMINATED)
    return in_use.select_related("line__owner", "plan")


def _pages(allowances: Any) -> Iterator[list[Allowance]]:
    """Walk by (ends_at, id), a page at a time: the memory used doesn't grow with the number of subscribers."""
    after = Q()
    while page := list(allowances.filter(after).order_by("ends_at", "id")[:PAGE]):
        yield page
        last = page[-1]
        after = Q(ends_at__gt=last.ends_at) | Q(ends_at=last.ends_at, pk__gt=last.pk)


def _expiry_reminders(page: list[Allowance], *, now: datetime) -> Iterator[Reminder]:
    renewing = Subscription.objects.filter(
        line__in={allowance.line_id for allowance in page},
        mode=Subscription.Mode.AUTOMATIC,
        state__in=[Subscription.State.ACTIVE, Subscription.State.IN_FLIGHT],
    )
    subscriptions = {subscription.line_id: subscription for subscription in renewing}
    for allowance in page:
        zone = allowance.line.owner.zone
        last_day = allowance.ends_at.astimezone(zone).date()
        days_left = (last_day - now.astimezone(zone).date()).days
        rung = expiry_rung(
            days_left=days_left,
            days_in_all=(last_day - allowance.starts_at.astimezone(zone).date()).days,
        )
        if rung is not None:
            context = {**_about(allowance), "days_left": days_left}
            if subscription := subscriptions.get(allowance.line_id):
                context |= _renewing_by_itself(subscription)
            key = f"expiry-{rung}d:{allowance.public_id}"
            yield Reminder(user=allowance.line.owner, kind="expiry_reminder", key=key, context=context)


def _renewing_by_itself(subscription: Subscription) -> dict[str, Any]:
    return {
        "charge_due_at": subscription.charge_due_at.isoformat(),
        "price": as_context(subscription.agreed_price),
    }


def _data_reminder(allowance: Allowance) -> Reminder | None:
    rung = data_rung(allowance)
    if rung is None:
        return None
    return Reminder(
        user=allowance.line.owner,
        kind="data_reminder",
        key=f"data-{rung}:{allowance.public_id}",
        context={
            **_about(allowance),
            "left_bytes": allowance.remaining_bytes,
            "data_bytes": allowance.data_bytes,
        },
    )


def _about(allowance: Allowance) -> dict[str, Any]:
    return {
        "line": str(allowance.line),
        "plan": plan_names(allowance.plan),
        "ends_at": allowance.ends_at.isoformat(),
    }


def write_new(reminders: Iterable[Reminder], *, now: datetime, dry_run: bool) -> list[Reminder]:
    """Write the new ones; two workers at once are kept apart by the unique key."""
    rows = [(one, _rows(one, now=now)) for one in reminders]
    keys = [row.key for _one, own in rows for row in own]
    known = set(Notification.objects.filter(key__in=keys).values_list("key", flat=True))
    # Told on one channel is told: who turns SMS on later doesn't want yesterday's news.
    new = [(one, own) for one, own in rows if own and known.isdisjoint(row.key for row in own)]
    if not dry_run:
        Notification.objects.bulk_create((row for _one, own in new for row in own), ignore_conflicts=True)
    return [one for one, _own in new]


def _rows(reminder: Reminder, *, now: datetime) -> list[Notification]:
    return notices(user=reminder.user, kind=reminder.kind, key=reminder.key, context=reminder.context, now=now)
