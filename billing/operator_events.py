"""What the operator's systems hear of orders, payments and renewals.

What happens one by one is told by whoever does it, in the same transaction. Deliveries and payments happen by the
hundred thousand in sets that nothing may slow down: they are found by `derive`, which walks the rows that each of them
leaves for good, allowances and ledger entries, by their ids.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Max, Model, QuerySet

from accounts import webhooks
from accounts.models import WebhookCursor
from accounts.notice_sets import Draft
from accounts.webhooks import Event
from billing.models import Charge, LedgerEntry, Order, Subscription
from esim.models import Allowance
from portal.lib.money import Money

SETTLED_AFTER = timedelta(minutes=10)
"""Twice what a task may take: by then every row with an id given out before is committed, or never will be."""
PAGE = 500
MOST_PAGES = 40
EventsOf = Callable[[Sequence[int]], list[Event]]
ORDER_FULFILLED, CHARGE_SUCCEEDED = "order.fulfilled", "charge.succeeded"
BY_PAYING = (LedgerEntry.Kind.CREDITED, LedgerEntry.Kind.RECOVERED)


class Mark(NamedTuple):
    """The highest id there was at a moment, as far as it was looked at."""

    at: datetime
    last: int


def order_undeliverable(order: Order, *, now: datetime) -> None:
    kind = "order.undeliverable"
    webhooks.tell([Event(kind=kind, key=f"{kind}:{order.public_id}", data=_order(order), at=now)], now=now)


def charge_failed(charge: Charge, *, order: Order, now: datetime) -> None:
    kind = "charge.failed"
    data = {**_charge(charge, order), "declineCode": charge.decline_code}
    webhooks.tell([Event(kind=kind, key=f"{kind}:{charge.public_id}", data=data, at=now)], now=now)


def renewal_declined(subscription: Subscription, *, code: str, again_at: datetime | None, now: datetime) -> None:
    kind = "renewal.declined"
    data = {
        "autoRenewal": subscription.public_id,
        "line": subscription.line.public_id,
        "price": _money(subscription.agreed_price),
        "declineCode": code,
        "triedAgain": again_at.isoformat() if again_at else None,
    }
    # The fence names this very attempt.
    key = f"{kind}:{subscription.public_id}:{subscription.fence}"
    webhooks.tell([Event(kind=kind, key=key, data=data, at=now)], now=now)


def lines_expiring(drafts: Iterable[Draft], *, now: datetime) -> None:
    """Tell of the same lines as the reminders of a page, whether or not their owners want reminders."""
    kind = "line.expiring"
    told = [
        Event(
            kind=kind,
            key=f"{kind}:{draft.key}",
            data={
                "line": draft.context["line_id"],
                "endDateTime": draft.context["ends_at"],
                "daysLeft": draft.context["days_left"],
            },
            at=now,
        )
        for draft in drafts
        if draft.kind == "expiry_reminder"
    ]
    if told:
        webhooks.tell(told, now=now)


def derive(*, now: datetime) -> int:
    """Tell of what was delivered and paid since the last look, and return how much that was.

    Where nobody wants to hear of it nothing is read, and who wants to from now on hears of what comes from now on.
    """
    if not webhooks.wanted() & {ORDER_FULFILLED, CHARGE_SUCCEEDED}:
        WebhookCursor.objects.all().delete()
        return 0
    return _walk("allowances", Allowance, _of_allowances, now=now) + _walk("ledger", LedgerEntry, _of_entries, now=now)


@transaction.atomic
def _walk(source: str, model: type[Model], events_of: EventsOf, *, now: datetime) -> int:
    """Go through the ids that are new, and once more through those given out long enough ago for all to be seen.

    `marks` say how far that went: everything up to the first is done with, the last is where the new ones begin.
    """
    cursor = _held(source)
    if cursor is None:
        return 0
    rows: QuerySet[Any] = model._default_manager.order_by("pk")  # noqa: SLF001
    top = rows.aggregate(top=Max("pk"))["top"] or 0
    marks = [Mark(datetime.fromisoformat(moment), last) for moment, last in cursor.marks] or [Mark(now, top)]
    settled = [mark for mark in marks[1:] if mark.at <= now - SETTLED_AFTER]
    told = 0
    if settled:
        told, done = _look(rows, events_of, after=marks[0].last, until=settled[-1].last, now=now)
        marks = [Mark(settled[-1].at, done), *(mark for mark in marks[1:] if mark.last > done)]
    fresh, reached = _look(rows, events_of, after=marks[-1].last, until=top, now=now)
    if reached > marks[-1].last:
        marks.append(Mark(now, reached))
    cursor.marks = [(mark.at.isoformat(), mark.last) for mark in marks]
    cursor.save(update_fields=["marks"])
    return told + fresh


def _look(rows: QuerySet[Any], events_of: EventsOf, *, after: int, until: int, now: datetime) -> tuple[int, int]:
    """Tell of the rows behind one id up to another; return how much, and how far the time of one look took us."""
    told = 0
    for _page in range(MOST_PAGES):
        ids = list(rows.filter(pk__gt=after, pk__lte=until).values_list("pk", flat=True)[:PAGE])
        if not ids:
            return told, until
        told += webhooks.tell(events_of(ids), now=now)
        after = ids[-1]
    return told, after


def _held(source: str) -> WebhookCursor | None:
    """Return the cursor, for this transaction alone; None while another worker has it."""
    WebhookCursor.objects.get_or_create(source=source)
    skip = connection.features.has_select_for_update_skip_locked
    return WebhookCursor.objects.select_for_update(skip_locked=skip).filter(source=source).first()


def _of_allowances(ids: Sequence[int]) -> list[Event]:
    granted = dict(Allowance.objects.filter(pk__in=ids).values_list("granted_for", "created_at"))
    orders = Order.objects.filter(public_id__in=granted).select_related("line", "plan", "owner")
    return [order_fulfilled(order) for order in _untold(orders, kind=ORDER_FULFILLED)]


def _of_entries(ids: Sequence[int]) -> list[Event]:
    entries = LedgerEntry.objects.filter(pk__in=ids)
    charges = Charge.objects.filter(entries__in=entries.filter(kind=LedgerEntry.Kind.RECEIVED))
    by_paying = Order.objects.filter(entries__in=entries.filter(kind__in=BY_PAYING))
    paid = _untold(charges.select_related("order__line", "order__owner"), kind=CHARGE_SUCCEEDED)
    ended = _untold(by_paying.select_related("line", "plan", "owner"), kind=ORDER_FULFILLED)
    return [*map(_succeeded, paid), *map(order_fulfilled, ended)]


def _untold(rows: QuerySet[Any], *, kind: str) -> Iterable[Any]:
    """Return the rows that were not told of; their public ids are read alone first, for most were."""
    keys = {f"{kind}:{public_id}": public_id for public_id in rows.values_list("public_id", flat=True)}
    fresh = webhooks.untold(keys)
    return rows.filter(public_id__in=[keys[key] for key in fresh]).order_by("pk").distinct() if fresh else ()


def order_fulfilled(order: Order) -> Event:
    at = order.confirmed_at or order.created_at
    return Event(kind=ORDER_FULFILLED, key=f"{ORDER_FULFILLED}:{order.public_id}", data=_order(order), at=at)


def _succeeded(charge: Charge) -> Event:
    at = charge.settled_at or charge.created_at
    key = f"{CHARGE_SUCCEEDED}:{charge.public_id}"
    return Event(kind=CHARGE_SUCCEEDED, key=key, data=_charge(charge, charge.order), at=at)


def _order(order: Order) -> dict[str, Any]:
    return {
        "order": order.public_id,
        "kind": order.kind,
        "state": order.state,
        "trigger": order.trigger,
        "subscriber": order.owner.public_id,
        "line": order.line.public_id if order.line else None,
        "productOffering": order.plan.public_id if order.plan else None,
        "price": _money(order.total),
        "validFor": {
            "startDateTime": order.starts_at.isoformat() if order.starts_at else None,
            "endDateTime": order.ends_at.isoformat() if order.ends_at else None,
        },
    }


def _charge(charge: Charge, order: Order) -> dict[str, Any]:
    return {
        "charge": charge.public_id,
        "order": order.public_id,
        "subscriber": order.owner.public_id,
        "line": order.line.public_id if order.line else None,
        "amount": _money(charge.money),
        "gateway": charge.gateway,
        "withoutPayer": charge.off_session,
    }


def _money(money: Money) -> dict[str, str]:
    return {"unit": money.currency, "value": f"{money.decimal:f}"}
