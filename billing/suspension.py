"""What follows a renewal that stays unpaid: a time of grace, then the line is suspended until it is paid.

Paid time is always honoured, and only the line itself is touched. Nothing is owed: turned off or skipped, the line
simply has no plan.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Notification
from accounts.models.notifications import Channel
from accounts.notifications import notify
from billing import closed_lines
from billing.dunning import suspend_due_at
from billing.models import Order, Subscription, SubscriptionQuerySet
from billing.plan_names import plan_names
from billing.sales import as_context
from billing.schedule import last_paid
from esim import suspension
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Allowance, Line, ServiceChange, ServiceState, SuspendedFor
from esim.suspension import ChangeUnderWay
from portal.lib.due_rows import in_pages, in_turn
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

ORDER = ("suspend_due_at", "pk")


def suspend_unpaid(*, carrier: Carrier, now: datetime, in_time: InTime = always) -> int:
    """Tell whose time of grace began, suspend where it is over, and return how many lines were suspended.

    First come the changes that somebody began and whose answer is not known.
    """
    finish_changes(carrier=carrier, now=now, in_time=in_time)
    closed_lines.end_agreements(now=now)
    if not carrier.capabilities.suspension:
        # Nothing is announced that this network can't do: such a line stays without a plan.
        Subscription.objects.filter(suspend_due_at__isnull=False).update(suspend_due_at=None)
        return 0
    for page in in_pages(_with_owner(in_grace(now)), order=ORDER):
        _tell_grace(page, now=now)
    suspended = one_by_one(
        in_turn(_with_owner(Subscription.objects.to_suspend(now)), order=ORDER, in_time=in_time),
        lambda subscription: _suspend(subscription, carrier=carrier, now=now),
        what="Suspending a line",
        about=lambda subscription: {"line": subscription.line},
    )
    return sum(suspended)


def finish_changes(*, carrier: Carrier, now: datetime, in_time: InTime = always) -> None:
    """Ask the carrier again about changes of service that their asker forgot."""
    one_by_one(
        in_turn(Line.objects.to_finish_changing(now), order=("service_change_until", "pk"), in_time=in_time),
        lambda line: _try_to_finish(line, carrier=carrier, now=now),
        what="A change of service",
        about=lambda line: {"line": line},
    )


def in_grace(now: datetime) -> SubscriptionQuerySet:
    """Unpaid lines whose paid time is over and which still are in service."""
    paid = Allowance.objects.not_ended(now).filter(line=OuterRef("line"), is_data_pack=False)
    in_service = Q(line__service_state=ServiceState.ACTIVE, line__service_change="")
    return Subscription.objects.unpaid().filter(in_service, ~Exists(paid), suspend_due_at__gt=now)


def _with_owner(subscriptions: SubscriptionQuerySet) -> SubscriptionQuerySet:
    return subscriptions.select_related("line__owner", "plan")


def _suspend(subscription: Subscription, *, carrier: Carrier, now: datetime) -> bool:
    line = subscription.line
    if line.service_state == ServiceState.ACTIVE:
        if not _begin(subscription, now=now):
            return False
        try:
            suspension.carry_out(line=line, carrier=carrier, now=now)
        except CarrierRefused:
            # Left in service without a plan, which carries nothing either; asking again would change nothing.
            Subscription.objects.filter(pk=subscription.pk).update(suspend_due_at=None)
            return False
        except OutcomeUnknown:
            return False
    return _tell_suspended(subscription, now=now)


def _begin(subscription: Subscription, *, now: datetime) -> bool:
    """Commit that the line is being suspended, unless something was paid meanwhile.

    Whoever delivers a paid order holds the same row of the line: either sees what the other has begun.
    """
    with transaction.atomic():
        line = Line.objects.select_for_update().get(pk=subscription.line_id)
        is_in_hand = line.service_change_until is not None and line.service_change_until > now
        if is_in_hand or not is_wanted(line, now=now):
            return False
        return suspension.begin(
            line=subscription.line,
            change=ServiceChange.SUSPENDING,
            why=SuspendedFor.UNPAID,
            key=f"suspend:{subscription.public_id}:{subscription.suspend_due_at:%Y%m%d%H%M%S}",
            now=now,
        )


def is_wanted(line: Line, *, now: datetime) -> bool:
    """Tell whether an unpaid line is to be out of service: grace is over, no time is paid for, no order under way."""
    unpaid = Subscription.objects.out_of_grace(now).filter(line=line)
    if not unpaid.exists() or Order.objects.being_delivered().filter(line=line).exists():
        return False
    paid = last_paid([line.pk], now=now).get(line.pk)
    if paid is not None:
        unpaid.update(suspend_due_at=suspend_due_at(paid_until=paid.ends_at, last_attempt_at=now))
    return paid is None


def _try_to_finish(line: Line, *, carrier: Carrier, now: datetime) -> None:
    try:
        _finish(line, carrier=carrier, now=now)
    except (OutcomeUnknown, CarrierRefused, ChangeUnderWay):
        logger.warning("The change of service of %s is not done", line.public_id)


def _finish(line: Line, *, carrier: Carrier, now: datetime) -> None:
    is_unpaid = line.service_change == ServiceChange.SUSPENDING and line.suspended_for == SuspendedFor.UNPAID
    if is_unpaid and not is_wanted(line, now=now):
        # Paid, turned off or skipped while the network kept silent: whatever it did, it is undone.
        key = f"undo:{line.service_change_key}"[:80]
        suspension.resume(line=line, why=SuspendedFor.UNPAID, key=key, carrier=carrier, now=now)
    elif suspension.ask_again(line=line, now=now):
        suspension.carry_out(line=line, carrier=carrier, now=now)


def _tell_grace(page: list[Subscription], *, now: datetime) -> None:
    """Tell each of a page once for the plan that ended; who was told on one channel was told."""
    ended = _last_plans(page)
    keys = {one.pk: f"grace:{one.public_id}:{ended[one.line_id].public_id}" for one in page if one.line_id in ended}
    written = [f"{key}:{channel}" for key in keys.values() for channel in Channel.values]
    told = set(Notification.objects.filter(key__in=written).values_list("key", flat=True))
    for subscription in page:
        key = keys.get(subscription.pk)
        if key is None or subscription.suspend_due_at is None or any(one.startswith(f"{key}:") for one in told):
            continue
        times = {"ended_at": ended[subscription.line_id].ends_at, "suspend_at": subscription.suspend_due_at}
        context = _about(subscription) | {name: at.isoformat() for name, at in times.items()}
        notify(user=subscription.line.owner, kind="grace_begun", key=key, context=context, now=now)


@transaction.atomic
def _tell_suspended(subscription: Subscription, *, now: datetime) -> bool:
    line = Line.objects.select_for_update().get(pk=subscription.line_id)
    if line.service_change or line.suspended_for != SuspendedFor.UNPAID:
        return False
    if not Subscription.objects.to_suspend(now).filter(pk=subscription.pk).update(suspend_due_at=None):
        return False
    notify(
        user=subscription.line.owner,
        kind="line_suspended",
        key=f"suspended:{line.public_id}:{line.service_change_key}",
        context=_about(subscription),
        now=now,
    )
    return True


def _last_plans(page: list[Subscription]) -> dict[int, Allowance]:
    """Return, by line, the plan that ended last."""
    lines = [one.line_id for one in page]
    plans = Allowance.objects.standing().filter(line__in=lines, is_data_pack=False)
    return {plan.line_id: plan for plan in plans.order_by("ends_at", "pk")}


def _about(subscription: Subscription) -> dict[str, Any]:
    order = subscription.placed().filter(state=Order.State.PENDING).order_by("pk").last()
    return {
        "line": str(subscription.line),
        "line_id": subscription.line.public_id,
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
        "order_id": order.public_id if order else "",
    }
