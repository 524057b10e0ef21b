"""Notices before an automatic charge: a week and a day ahead, for plans of days a day or some hours.

What the scheduler would not charge is not announced, and the same function decides both; why not is told instead.
Nothing is announced once it is due.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db.models import F

from accounts import quiet_hours
from accounts.notice_sets import Draft, Recipient, draft, take_up_left_out
from billing import ledger, notice_keys
from billing.foretelling import RELATED, Foreseen, foresee_at
from billing.models import Subscription
from billing.notice_keys import rungs
from billing.obstacle_notices import obstacle_notice, obstacles
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.verdicts import Action, Verdict
from portal.lib.due_rows import walk
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

T = TypeVar("T")
R = TypeVar("R")

LOOK_AGAIN = timedelta(hours=1)
"""What stood in the way of a charge may be gone again before it is due."""
SOON = timedelta(minutes=15)
"""After the quiet that a notice waits for: what stands in its way just then leaves it out."""


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
        rows.select_related(*RELATED),
        lambda one: (one, next_look(one, now=now), rung_reached(one, now=now)),
    )
    times = {one.pk: at for one, at, _rung in looks}
    reached = {one: rung for one, _at, rung in looks if rung}
    drafts: dict[int, Draft] = {}
    waiting: set[int] = set()
    prevented: list[Verdict] = []
    # As the scheduler will judge when each charge is due.
    for foreseen in foresee_at([(one, one.charge_due_at) for one in reached]):
        subscription = foreseen.subscription
        if foreseen.action == Action.WAIT:
            waiting.add(subscription.pk)
        elif foreseen.charges:
            for one in _each([foreseen], partial(announcement, rung=reached[subscription], now=now)):
                drafts[subscription.pk] = one
                if one.due_at > now:
                    times[subscription.pk] = _sooner(times[subscription.pk], one.due_at + SOON)
        else:
            prevented.append(foreseen.verdict)
    for pk in {one.pk for one in reached} - drafts.keys() - waiting:
        times[pk] = _sooner(times[pk], now + LOOK_AGAIN)
    take_up_left_out(drafts.values())
    told = _each(obstacles(prevented, now=now), lambda one: obstacle_notice(*one, now=now)) if prevented else []
    return [*drafts.values(), *told], times


def _sooner(planned: datetime | None, moment: datetime) -> datetime:
    return min(filter(None, [planned, moment]))


def _each(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """Take a step for each; one that fails is logged, left out, and doesn't stop the others."""

    def about(item: T) -> dict[str, object]:
        return {"subscription": getattr(item, "subscription", item)}

    return one_by_one(items, step, what="A notice before a charge", about=about)


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


def announcement(foreseen: Foreseen, *, rung: str, was_due_at: datetime | None = None, now: datetime) -> Draft:
    """Return the notice of a charge that is foreseen; `was_due_at` where it was announced for then, and not made."""
    subscription = foreseen.subscription
    context = {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "price": as_context(foreseen.price),
        "charge_due_at": foreseen.at.isoformat(),
        "starts_at": foreseen.starts_at.isoformat(),
        "ends_at": foreseen.ends_at.isoformat(),
        **_paid_with(foreseen),
    }
    if was_due_at is not None:
        context["was_due_at"] = was_due_at.isoformat()
    key = notice_keys.charge_notice(
        rung=rung,
        subscription_id=subscription.public_id,
        period_index=foreseen.period_index,
        charge_at=foreseen.at,
        price=foreseen.price,
    )
    recipient = Recipient.of(subscription.line.owner)
    return draft(recipient=recipient, kind="charge_notice", key=key, context=context, now=now)


def _paid_with(foreseen: Foreseen) -> dict[str, Any]:
    """Return card, and the balance's share as it would be now; "pays" says which of them there are."""
    card = str(foreseen.card or "")
    is_by_card = foreseen.subscription.pay_from == Subscription.PayFrom.METHOD
    if is_by_card or (foreseen.is_covered and not foreseen.wallet_part):
        return {"pays": "card", "card": card}
    if foreseen.is_covered and foreseen.card_part:
        shares = {"share": as_context(foreseen.wallet_part), "rest": as_context(foreseen.card_part)}
        return {"pays": "both", "card": card, **shares}
    owner, price = foreseen.subscription.line.owner, foreseen.price
    balance = ledger.wallet_balance(owner, price.currency)
    return {"pays": "balance", "share": as_context(price), "balance": as_context(balance)}
