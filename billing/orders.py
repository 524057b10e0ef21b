"""Delivering what was paid for."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from billing import agreements, link_payers, operator_events, paid_for_others, queueing, redemptions, sales
from billing.card_refusals import second_card_facts
from billing.models import Order, OrderQuerySet, QueuedPlan, Refund, Subscription
from billing.schedule import aligned_end
from esim import allowances, provisioning, suspension
from esim.allowances import NothingToTopUp
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line, ServiceState, SimProfile, SuspendedFor
from esim.suspension import ChangeUnderWay
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.due_rows import in_turn
from portal.lib.log_context import log_about
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may run
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 60)]
State = Order.State


def fulfil_due(*, carrier: Carrier, now: datetime, in_time: InTime = always) -> int:
    """Fulfil the orders that are due and return how many were; one that fails does not stop the others."""
    due = Order.objects.to_fulfil(now).only("public_id", "fulfil_due_at")
    asked = one_by_one(
        in_turn(due, order=("fulfil_due_at", "pk"), in_time=in_time),
        lambda order: fulfil(order_id=order.pk, carrier=carrier, now=now),
        what="Fulfilling an order",
        about=lambda order: {"order": order},
    )
    return sum(order.state == State.FULFILLED for order in asked)


def fulfil(*, order_id: int, carrier: Carrier, now: datetime) -> Order:
    """Deliver a paid order: claim it, ask the network outside any transaction, record the outcome.

    A line that was suspended for want of payment is resumed first.

    A final no of the network returns the money. An unknown outcome leaves the order in flight: it is asked for
    again with the same purchase id, which the network answers the same way.
    """
    order = _claim(order_id, now=now)
    if order is None:
        return Order.objects.get(pk=order_id)
    with log_about(order=order, line=order.line, subscription=order.subscription):
        return _deliver(order, carrier=carrier, now=now)


def _deliver(order: Order, *, carrier: Carrier, now: datetime) -> Order:
    terms = PlanTerms.from_json(order.plan_terms)
    try:
        line = order.line or _open_line(order, terms=terms, carrier=carrier, now=now)
        _resume(order, line=line, terms=terms, carrier=carrier, now=now)
        period = _fix_period(order, line=line, terms=terms, now=now)
        if period is None:
            return Order.objects.get(pk=order.pk)
        starts_at, ends_at = period
        iccid = provisioning.apply_plan(
            line=line,
            terms=terms,
            starts_at=starts_at,
            ends_at=ends_at,
            purchase_id=order.public_id,
            carrier=carrier,
        )
    except (CarrierRefused, NothingToTopUp) as error:
        return _not_delivered(order, error=error, carrier=carrier, now=now)
    except (OutcomeUnknown, ChangeUnderWay):
        return _ask_again_later(order, now=now)
    completed = _complete(order, line=line, terms=terms, period=period, now=now)
    if completed is None:
        return _undo_on_the_network(order, iccid=iccid, carrier=carrier, now=now)
    return completed


def _not_delivered(order: Order, *, error: Exception, carrier: Carrier, now: datetime) -> Order:
    if isinstance(error, NothingToTopUp) and _plan_is_coming(order, now=now):
        return _ask_again_later(order, now=now)
    if iccid := _may_have_got_it(order):
        return _undo_on_the_network(order, iccid=iccid, carrier=carrier, now=now)
    return _return_money(order, reason=str(error), now=now)


def _plan_is_coming(order: Order, *, now: datetime) -> bool:
    """Tell whether what a data pack is to add to is paid, and neither begun nor given up."""
    others = Order.objects.being_delivered().filter(line=order.line).exclude(plan__kind=Plan.Kind.DATA_PACK)
    return others.exists() or queueing.to_start(now).filter(line=order.line).exists()


def _may_have_got_it(order: Order) -> str:
    """Return the profile of an ended line that an earlier asking, whose answer nobody wrote down, may have reached."""
    line = order.line
    if line is None or line.service_state != ServiceState.TERMINATED or order.fulfil_attempts == 1:
        return ""
    return SimProfile.objects.filter(line=line).current().values_list("iccid", flat=True).first() or ""


def _undo_on_the_network(order: Order, *, iccid: str, carrier: Carrier, now: datetime) -> Order:
    """Give back what was delivered to a line that ended, or went to another account, while the network was asked.

    The card works on with whoever has it now, who did not pay for this; should the network not take it back, they
    have it for nothing, and the log says so.
    """
    returned = _return_money(order, reason="line_ended", now=now)
    try:
        carrier.revoke(key=order.public_id, iccid=iccid, only_unused=False)
    except (CarrierRefused, OutcomeUnknown):
        logger.warning("What order %s bought is still on profile %s, which is another's now", order.public_id, iccid)
    return returned


def _claim(order_id: int, *, now: datetime) -> Order | None:
    """Take the order for the length of a lease, or return None when somebody else has it or nothing is due.

    Two plans for one line are delivered one after the other: each begins where the one before ends, so the period
    of the second is known only when the first is written down. The same holds for one that is being taken back.
    """
    unsettled = [State.FULFILLING, State.TAKING_BACK]
    other_plans = Order.objects.filter(line=OuterRef("line"), state__in=unsettled).exclude(pk=OuterRef("pk"))
    with transaction.atomic():
        line_id = Order.objects.values_list("line", flat=True).get(pk=order_id)
        list(Line.objects.select_for_update().filter(pk=line_id))
        claimed = (
            Order.objects.to_fulfil(now)
            .filter(~Exists(other_plans.exclude(plan__kind=Plan.Kind.DATA_PACK)), pk=order_id)
            .update(
                state=State.FULFILLING,
                lease_until=now + LEASE,
                accepted_at=Coalesce(F("accepted_at"), now),
                fulfil_attempts=F("fulfil_attempts") + 1,
            )
        )
    if not claimed:
        return None
    return Order.objects.select_related("owner", "line", "plan", "subscription__plan", "subscription__line").get(
        pk=order_id
    )


def _still_ours(order: Order) -> OrderQuerySet:
    return Order.objects.filter(pk=order.pk, state=State.FULFILLING, fulfil_attempts=order.fulfil_attempts)


def _open_line(order: Order, *, terms: PlanTerms, carrier: Carrier, now: datetime) -> Line:
    line = provisioning.open_line(
        owner=order.owner,
        purchase_id=order.public_id,
        nickname=order.nickname,
        plan_code=terms.code,
        carrier=carrier,
        now=now,
    )
    _still_ours(order).update(line=line)
    order.line = line
    return line


def _resume(order: Order, *, line: Line, terms: PlanTerms, carrier: Carrier, now: datetime) -> None:
    """Put a line that was suspended for want of payment back into service, before its new time begins.

    Whom the subscriber or staff suspended, no payment resumes.
    """
    if not terms.is_data_pack and (line.suspended_for or line.service_change):
        suspension.resume(line=line, why=SuspendedFor.UNPAID, key=_resume_key(order), carrier=carrier, now=now)


def _resume_key(order: Order) -> str:
    return f"resume:{order.public_id}"


def _fix_period(order: Order, *, line: Line, terms: PlanTerms, now: datetime) -> tuple[datetime, datetime] | None:
    """Commit which period is asked for before asking; None when the order is no longer ours.

    Asked again after an unknown outcome, the network must hear the same period.
    """
    if order.starts_at is not None and order.ends_at is not None:
        _still_ours(order).filter(sent_at=None).update(
            sent_at=now
        )  # begun before its turn, from a moment its buyer chose
        return order.starts_at, order.ends_at
    starts_at, ends_at = allowances.next_period(line=line, terms=terms, now=now)
    if order.subscription is not None:
        ends_at = aligned_end(order.subscription, starts_at, period=terms.period) or ends_at
    kept = _still_ours(order).update(starts_at=starts_at, ends_at=ends_at, sent_at=now)
    return (starts_at, ends_at) if kept else None


@transaction.atomic
def _complete(
    order: Order, *, line: Line, terms: PlanTerms, period: tuple[datetime, datetime], now: datetime
) -> Order | None:
    """Write down what was delivered; None where the line ended in the seconds in which the network was asked."""
    held = Line.objects.select_for_update().get(pk=line.pk)
    if held.service_state == ServiceState.TERMINATED and _still_ours(order).exists():
        return None
    if not _still_ours(order).update(state=State.FULFILLED, confirmed_at=now, lease_until=None):
        return Order.objects.get(pk=order.pk)
    starts_at, ends_at = period
    allowances.grant(
        line=line,
        plan=order.bought_plan,
        terms=terms,
        purchase_id=order.public_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    if not terms.is_data_pack:
        agreements.follow_purchase(line=line, now=now)
    sales.tell(
        order,
        kind="order_fulfilled",
        key=f"order:{order.public_id}:fulfilled",
        now=now,
        **sales.delivered_facts(line_id=line.public_id, starts_at=starts_at, ends_at=ends_at),
        **sales.paid_facts(order),
        **sales.turn_facts(order),
        **second_card_facts(order),
    )
    paid_for_others.tell_delivered(order, line=line, ends_at=ends_at, now=now)
    if not terms.is_data_pack:
        Subscription.objects.filter(line=line, suspend_due_at__isnull=False).update(suspend_due_at=None)
    if line.service_change_key == _resume_key(order):
        key = f"order:{order.public_id}:resumed"
        sales.tell(order, kind="line_resumed", key=key, now=now, line_id=line.public_id, ends_at=ends_at.isoformat())
    order.refresh_from_db()
    return order


def return_money(*, order_id: int, reason: str, now: datetime) -> Order:
    """Record the network's final no for an order that we were the first to ask it to deliver."""
    return _return_money(_asked_about(order_id), reason=reason, now=now)


def undo_where_line_ended(*, order_id: int, iccid: str, carrier: Carrier, now: datetime) -> Order:
    """Give money and plan of an order back whose line ended while we were the first to have it delivered."""
    order = _asked_about(order_id)
    if order.line is None or order.line.service_state != ServiceState.TERMINATED or not _still_ours(order).exists():
        return order
    return _undo_on_the_network(order, iccid=iccid, carrier=carrier, now=now)


def ask_again_later(*, order_id: int, now: datetime) -> Order:
    """Record that the network's answer for an order, which we were the first to ask about, got lost."""
    return _ask_again_later(_asked_about(order_id), now=now)


def _asked_about(order_id: int) -> Order:
    order = Order.objects.select_related("owner", "line", "plan").get(pk=order_id)
    # Whoever took it over since counted on, and records by itself what the network says.
    order.fulfil_attempts = 1
    return order


@transaction.atomic
def _return_money(order: Order, *, reason: str, now: datetime) -> Order:
    note = f"The network refused: {reason}"[:300]
    if _still_ours(order).update(state=State.UNDELIVERABLE, lease_until=None, note=note):
        order.refresh_from_db(fields=["state", "lease_until", "note"])
        sales.give_back(order, now=now)
        redemptions.release(order, now=now)
        by_link = link_payers.send_back(order, reason=Refund.Reason.UNDELIVERABLE, now=now)
        key = f"order:{order.public_id}:undeliverable"
        sales.tell(order, kind="order_undeliverable", key=key, now=now, paid_by="link" if by_link else "")
        operator_events.order_undeliverable(order, now=now)
        if order.line is not None and QueuedPlan.objects.filter(order=order).exists():
            # What was to follow the running plan does not: auto-renewal and reminders go back to its end.
            allowances.remind_anew(order.line, now=now)
            agreements.follow_return(line=order.line, now=now)
        logger.warning("Order %s is undeliverable (%s); the money is back in the balance", order.public_id, reason)
    return order


def _ask_again_later(order: Order, *, now: datetime) -> Order:
    delay = BACK_OFF[min(order.fulfil_attempts, len(BACK_OFF)) - 1]
    _still_ours(order).update(lease_until=now + delay, fulfil_due_at=now + delay)
    order.refresh_from_db(fields=["state", "lease_until", "fulfil_due_at"])
    return order
