"""The scheduler's and the pages' way in: pick clock, gateway and carrier, and call a workflow."""

import logging
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing import (
    advising,
    card_upkeep,
    charging_stops,
    discrepancies,
    disputes,
    expiry,
    gateway_events,
    gateways,
    invariant_watch,
    invoices,
    missed_events,
    moving,
    operator_events,
    orders,
    overdue,
    paying,
    queue_endings,
    queueing,
    reconciliation,
    referral_credits,
    refunds,
    reminders,
    renewals,
    suspension,
    taking_back,
    top_up_run,
)
from billing.gateways import sandbox_callbacks
from billing.models import Order
from billing.renewal_run import Stride
from esim import carriers
from portal.lib.ticks import time_budget

logger = logging.getLogger(__name__)

RENEWAL_SECONDS = 50
"""Less than the minute until the next tick: runs follow each other, they do not pile up."""

REMINDER_SECONDS = 200
"""Less than CELERY_TASK_SOFT_TIME_LIMIT; what is left over, the sweep ten minutes later finds."""

LOOK_SECONDS = 50
"""For each gateway: one that keeps silent leaves the time of the others alone."""


def nudge(task: "Task[..., Any]", **arguments: Any) -> None:
    """Have a worker look at once; where no broker answers, the timetable finds the row a little later."""
    try:
        task.delay(**arguments)
    except OperationalError:
        logger.warning("No broker answered; %s waits for the timetable", task.name)


@shared_task(name="billing.charge_kept_card")
def charge_kept_card(*, order_id: int, **_: Any) -> None:
    order = Order.objects.get(pk=order_id)
    paying.charge_kept_card(order=order, gateways=gateways.by_name(), now=timezone.now())
    nudge(fulfil_order, order_id=order_id)


@shared_task(name="billing.fulfil_order")
def fulfil_order(*, order_id: int, **_: Any) -> None:
    order = orders.fulfil(order_id=order_id, carrier=carriers.chosen(), now=timezone.now())
    if order.wallet_amount:
        nudge(top_up_owner, owner_id=order.owner_id)


@shared_task(name="billing.fulfil_paid_orders")
def fulfil_paid_orders() -> None:
    orders.fulfil_due(carrier=carriers.chosen(), now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


@shared_task(name="billing.apply_gateway_events")
def apply_gateway_events() -> None:
    if _look_at_each_gateway(gateway_events.apply_gateway_events):
        nudge(fulfil_paid_orders)


@shared_task(name="billing.reconcile_charges")
def reconcile_charges() -> None:
    if _look_at_each_gateway(reconciliation.reconcile_charges):
        nudge(fulfil_paid_orders)


@shared_task(name="billing.expire_unpaid_orders")
def expire_unpaid_orders() -> None:
    expiry.expire_unpaid_orders(gateways=gateways.by_name(), now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


@shared_task(name="billing.move_lines")
def move_lines() -> None:
    moving.move_due(gateways=gateways.by_name(), now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


@shared_task(name="billing.read_missed_events")
def read_missed_events() -> None:
    if _look_at_each_gateway(missed_events.read_missed_events):
        nudge(apply_gateway_events)


@shared_task(name="billing.compare_with_gateways")
def compare_with_gateways() -> None:
    _look_at_each_gateway(discrepancies.compare_days)


def _look_at_each_gateway(job: Callable[..., object]) -> bool:
    """Run a job for one gateway after another; return whether it found something with any."""
    now = timezone.now()
    found = [job(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS)) for gateway in gateways.configured()]
    return any(found)


@shared_task(name="billing.return_money")
def return_money(*, order_id: int, **_: Any) -> None:
    now = timezone.now()
    taking_back.take_back(order_id=order_id, carrier=carriers.chosen(), now=now)
    refunds.send_all(order_id=order_id, gateways=gateways.by_name(), now=now)


@shared_task(name="billing.settle_refunds")
def settle_refunds() -> None:
    now = timezone.now()
    for order in taking_back.take_back_due(carrier=carriers.chosen(), now=now):
        refunds.send_all(order_id=order.pk, gateways=gateways.by_name(), now=now)
    for gateway in gateways.configured():
        refunds.settle_refunds(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS))
        disputes.settle_disputes(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS))


@shared_task(name="billing.start_queued_plans")
def start_queued_plans() -> None:
    now = timezone.now()
    for order_id in queueing.start_due(now=now, in_time=time_budget(LOOK_SECONDS)):
        nudge(fulfil_order, order_id=order_id)
    for order_id in queue_endings.cancel_dead(now=now):
        nudge(return_money, order_id=order_id)
    queue_endings.take_in(now=now)


@shared_task(name="billing.renew_due")
def renew_due() -> None:
    _charge_automatically(renewals.renew_due)


@shared_task(name="billing.retry_declined")
def retry_declined() -> None:
    _charge_automatically(renewals.retry_declined)


@shared_task(name="billing.renew_one")
def renew_one(*, subscription_id: int, **_: Any) -> None:
    try:
        renewals.renew_one(
            subscription_id=subscription_id,
            gateways=gateways.by_name(),
            carrier=carriers.chosen(),
            now=timezone.now(),
        )
    except charging_stops.ChargingStopped as reason:
        logger.warning("%s", reason)


def _charge_automatically(job: Callable[..., object]) -> None:
    in_time = time_budget(RENEWAL_SECONDS)
    try:
        job(
            gateways=gateways.by_name(),
            carrier=carriers.chosen(),
            now=timezone.now(),
            in_time=in_time,
            stride=Stride.configured(),
        )
    except charging_stops.ChargingStopped as reason:
        logger.warning("%s", reason)


@shared_task(name="billing.top_up_low")
def top_up_low() -> None:
    _top_up(top_up_run.top_up_low, in_time=time_budget(RENEWAL_SECONDS))


@shared_task(name="billing.top_up_owner")
def top_up_owner(*, owner_id: int, **_: Any) -> None:
    _top_up(top_up_run.top_up_owner, owner_id=owner_id)


def _top_up(job: Callable[..., object], **arguments: Any) -> None:
    try:
        job(gateways=gateways.by_name(), carrier=carriers.chosen(), now=timezone.now(), **arguments)
    except charging_stops.ChargingStopped as reason:
        logger.warning("%s", reason)


@shared_task(name="billing.suspend_unpaid")
def suspend_unpaid() -> None:
    in_time = time_budget(RENEWAL_SECONDS)
    suspension.suspend_unpaid(carrier=carriers.chosen(), now=timezone.now(), in_time=in_time)


@shared_task(name="billing.open_overdue_tickets")
def open_overdue_tickets() -> None:
    overdue.open_overdue_tickets(promise=settings.PORTAL_PROMISE, now=timezone.now())


@shared_task(name="billing.settle_referrals")
def settle_referrals() -> None:
    referral_credits.settle_referrals(within=settings.PORTAL_REFUND_WINDOW, now=timezone.now())


@shared_task(name="billing.issue_invoices")
def issue_invoices() -> None:
    invoices.issue_due(now=timezone.now())


@shared_task(name="billing.check_invariants")
def check_invariants() -> None:
    invariant_watch.look(now=timezone.now())


@shared_task(name="billing.send_reminders")
def send_reminders() -> None:
    reminders.send_reminders(now=timezone.now(), in_time=time_budget(REMINDER_SECONDS))


@shared_task(name="billing.remind_about_cards")
def remind_about_cards() -> None:
    now = timezone.now()
    card_upkeep.remind_about_cards(now=now)
    card_upkeep.replace_expired_defaults(now=now)


@shared_task(name="billing.deliver_sandbox_callbacks")
def deliver_sandbox_callbacks() -> int:
    if not settings.PLAYGROUND:
        return 0
    url = f"{settings.PORTAL_BASE_URL}/webhooks/sandbox/"
    secret = settings.SANDBOX_WEBHOOK_SECRETS[0]
    return sandbox_callbacks.deliver_callbacks(url=url, secret=secret, now=timezone.now())


@shared_task(name="billing.advise_lines")
def advise_lines() -> None:
    advising.look_at_lines(now=timezone.now(), in_time=time_budget(REMINDER_SECONDS))


@shared_task(name="billing.tell_operator")
def tell_operator() -> None:
    operator_events.derive(now=timezone.now())
