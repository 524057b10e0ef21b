"""The scheduler's and the pages' way in: pick clock, gateway and carrier, and call a workflow."""

import logging
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing import (
    card_upkeep,
    discrepancies,
    disputes,
    expiry,
    gateway_events,
    gateways,
    invariant_watch,
    invoices,
    missed_events,
    orders,
    paying,
    reconciliation,
    refunds,
    reminders,
    renewals,
    taking_back,
)
from billing.gateways import sandbox_callbacks
from billing.models import Order
from esim import carriers
from portal.lib.ticks import time_budget

logger = logging.getLogger(__name__)

RENEWAL_SECONDS = 50
"""Less than the minute until the next tick: runs follow each other, they do not pile up."""

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
    orders.fulfil(order_id=order_id, carrier=carriers.chosen(), now=timezone.now())


@shared_task(name="billing.fulfil_paid_orders")
def fulfil_paid_orders() -> None:
    orders.fulfil_due(carrier=carriers.chosen(), now=timezone.now())


@shared_task(name="billing.apply_gateway_events")
def apply_gateway_events() -> None:
    now = timezone.now()
    applied = [
        gateway_events.apply_gateway_events(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS))
        for gateway in gateways.configured()
    ]
    if any(applied):
        nudge(fulfil_paid_orders)


@shared_task(name="billing.reconcile_charges")
def reconcile_charges() -> None:
    now = timezone.now()
    over = [
        reconciliation.reconcile_charges(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS))
        for gateway in gateways.configured()
    ]
    if any(over):
        nudge(fulfil_paid_orders)


@shared_task(name="billing.expire_unpaid_orders")
def expire_unpaid_orders() -> None:
    expiry.expire_unpaid_orders(gateways=gateways.by_name(), now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


@shared_task(name="billing.read_missed_events")
def read_missed_events() -> None:
    now = timezone.now()
    missed = [
        missed_events.read_missed_events(gateway=gateway, now=now, in_time=time_budget(LOOK_SECONDS))
        for gateway in gateways.configured()
    ]
    if any(missed):
        nudge(apply_gateway_events)


@shared_task(name="billing.compare_with_gateways")
def compare_with_gateways() -> None:
    for gateway in gateways.configured():
        discrepancies.compare_days(gateway=gateway, now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


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


@shared_task(name="billing.renew_due")
def renew_due() -> None:
    _charge_automatically(renewals.renew_due)


@shared_task(name="billing.retry_declined")
def retry_declined() -> None:
    _charge_automatically(renewals.retry_declined)


def _charge_automatically(job: Callable[..., object]) -> None:
    in_time = time_budget(RENEWAL_SECONDS)
    try:
        job(gateways=gateways.by_name(), carrier=carriers.chosen(), now=timezone.now(), in_time=in_time)
    except invariant_watch.ChargingStopped as reason:
        logger.warning("%s", reason)


@shared_task(name="billing.issue_invoices")
def issue_invoices() -> None:
    invoices.issue_due(now=timezone.now())


@shared_task(name="billing.check_invariants")
def check_invariants() -> None:
    invariant_watch.look(now=timezone.now())


@shared_task(name="billing.send_reminders")
def send_reminders() -> None:
    reminders.send_reminders(now=timezone.now())


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
