"""Notices before an automatic charge: a week and a day ahead, for plans of days a day or some hours.

What the scheduler would not charge is not announced, and the same function decides both; why not is told instead.
Nothing is announced once it is due.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

from django.db.models import F

from accounts import quiet_hours
from accounts.models import User
from accounts.notice_sets import Draft, Recipient, draft
from billing import checkout, ledger, notice_keys
from billing.ledger import InsufficientBalance
from billing.models import Subscription
from billing.obstacle_notices import obstacle_notice, obstacles
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.schedule import aligned_end
from billing.verdicts import Action, Verdict, judge_each
from portal.lib.due_rows import walk
from portal.lib.one_by_one import one_by_one
from portal.lib.periods import Period, PeriodUnit, boundary
from portal.lib.ticks import InTime, always

T = TypeVar("T")
R = TypeVar("R")

WEEK = 7
LOOK_AGAIN = timedelta(hours=1)
"""What stood in the way of a charge may be gone again before it is due."""


def plan(*, now: datetime, in_time: InTime = always) -> None:
    """Have those looked at whose next charge is new or was moved."""

    def note(ids: list[int]) -> None:
        Subscription.objects.filter(pk__in=ids).update(
            notice_for=F("charge_due_at"), notice_amount=F("consent_amount"), notice_due_at=now
        )

    walk(Subscription.objects.to_plan_notices(), order=("id",), look=note, in_time=in_time)


def look(ids: Sequence[int], *, now: datetime) -> tuple[list[Draft], dict[int, datetime | None]]:
    """Return which charges, or obstacles to them, to announce now, and when to look at each subscription again."""
    rows = Subscription.objects.filter(pk__in=ids).order_by("charge_due_at", "pk")
    looks = _each(
        rows.select_related("line__owner", "plan", "method", "backup_method"),
        lambda one: (one, next_look(one, now=now), rung_reached(one, now=now)),
    )
    times = {one.pk: at for one, at, _rung in looks}
    reached = [one for one, _at, rung in looks if rung]
    drafts: dict[int, Draft] = {}
    waiting: set[int] = set()
    prevented: list[Verdict] = []
    for verdict in _foreseen(reached):
        if verdict.action == Action.WAIT:
            waiting.add(verdict.subscription.pk)
        elif verdict.action == Action.CHARGE:
            drafts.update(_each([verdict], lambda one: (one.subscription.pk, _draft(one, now=now))))
        else:
            prevented.append(verdict)
    for pk in {one.pk for one in reached} - drafts.keys() - waiting:
        times[pk] = min(filter(None, [times[pk], now + LOOK_AGAIN]))
    told = _each(obstacles(prevented, now=now), lambda one: obstacle_notice(*one, now=now)) if prevented else []
    return [*drafts.values(), *told], times


def _each(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """Take a step for each; one that fails is logged, left out, and doesn't stop the others."""

    def about(item: T) -> dict[str, object]:
        return {"subscription": getattr(item, "subscription", item)}

    return one_by_one(items, step, what="A notice before a charge", about=about)


def _foreseen(subscriptions: Iterable[Subscription]) -> Iterator[Verdict]:
    """Judge as the scheduler will when each charge is due; those of an hour together."""
    by_hour = groupby(subscriptions, key=lambda one: one.charge_due_at.replace(minute=0, second=0, microsecond=0))
    for _hour, due_together in by_hour:
        page = list(due_together)
        yield from judge_each(page, now=page[-1].charge_due_at)


def rungs(period: Period) -> tuple[str, ...]:
    """Return which notices there are before a charge for this period, the earliest first."""
    if period.unit != PeriodUnit.DAY or period.count >= WEEK:
        return ("charge-7d", "charge-1d")
    return ("charge-1d",) if period.count > 1 else ("charge-3h",)


def rung_reached(subscription: Subscription, *, now: datetime) -> str | None:
    """Return the notice to send now. After a silence it is the latest of those missed; it says what the others would."""
    if subscription.charge_due_at <= now:
        return None
    reached = [rung for rung in rungs(subscription.plan.period) if look_at(subscription, rung) <= now]
    return reached[-1] if reached else None


def next_look(subscription: Subscription, *, now: datetime) -> datetime | None:
    """Return when the next notice of this charge is due; None when there is none left."""
    if subscription.charge_due_at <= now:
        return None
    to_come = (look_at(subscription, rung) for rung in rungs(subscription.plan.period))
    return min((moment for moment in to_come if moment > now), default=None)


def look_at(subscription: Subscription, rung: str) -> datetime:
    """Return when to send a notice: so long before the charge, or before the quiet that would last until after it."""
    moment = subscription.charge_due_at - notice_keys.RUNGS[rung]
    return quiet_hours.before_quiet(moment, too_late_at=subscription.charge_due_at, reader=subscription.line.owner)


def _draft(verdict: Verdict, *, now: datetime) -> Draft:
    subscription = verdict.subscription
    owner = subscription.line.owner
    context = {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
        "charge_due_at": subscription.charge_due_at.isoformat(),
        "starts_at": verdict.starts_at.isoformat(),
        "ends_at": _ends_at(verdict).isoformat(),
        **_paid_with(subscription, owner=owner),
    }
    key = notice_keys.charge_notice(
        rung=str(rung_reached(subscription, now=now)),
        subscription_id=subscription.public_id,
        period_index=verdict.schedule.period_index,
        charge_at=subscription.charge_due_at,
        price=subscription.agreed_price,
    )
    return draft(recipient=Recipient.of(owner), kind="charge_notice", key=key, context=context, now=now)


def _ends_at(verdict: Verdict) -> datetime:
    subscription, period = verdict.subscription, verdict.subscription.plan.period
    return aligned_end(subscription, verdict.starts_at, period=period) or boundary(
        verdict.starts_at, period, 1, subscription.line.zone
    )


def _paid_with(subscription: Subscription, *, owner: User) -> dict[str, Any]:
    """Return card, and the balance's share as it would be now; "pays" says which of them there are."""
    card = str(subscription.paying_method or "")
    if subscription.pay_from == Subscription.PayFrom.METHOD:
        return {"pays": "card", "card": card}
    price, balance = subscription.agreed_price, ledger.wallet_balance(owner, subscription.currency)
    card_pays_rest = subscription.pay_from == Subscription.PayFrom.WALLET_THEN_METHOD
    try:
        share = checkout.wallet_share(balance=balance, price=price, rest_is_charged=card_pays_rest)
    except InsufficientBalance:
        share = price  # no card can pay the rest
    if share == price:
        return {"pays": "balance", "share": as_context(price), "balance": as_context(balance)}
    if not share:
        return {"pays": "card", "card": card}
    return {"pays": "both", "card": card, "share": as_context(share), "rest": as_context(price - share)}
