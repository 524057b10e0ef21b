"""The scheduler's way in."""

from functools import partial

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from accounts import address_changes, api_calls, documents, ticket_alerts, webhook_deliveries, webhooks
from accounts.notifications import deliver_due
from portal.lib import far_hosts
from portal.lib.cache_turns import turn_at
from portal.lib.ticks import time_budget

DELIVERY_SECONDS = 50
"""Less than the soft limit of a task; what is left over, the next look finds."""


TURNS = ("delivering:0", "delivering:1")
"""So many workers may wait for a mail server that keeps silent: the others have work of their own."""
LOOKS_EVERY = 10
"""Seconds, as the timetable has it."""


@shared_task(name="accounts.deliver_notifications")
def deliver_notifications() -> None:
    now = timezone.now()
    with turn_at(TURNS[int(now.timestamp()) // LOOKS_EVERY % len(TURNS)]) as is_ours:
        if is_ours:
            deliver_due(now=now, in_time=time_budget(DELIVERY_SECONDS), stopped_by=SoftTimeLimitExceeded)


@shared_task(name="accounts.tell_staff")
def tell_staff() -> None:
    ticket_alerts.tell_staff(now=timezone.now())


@shared_task(name="accounts.change_addresses")
def change_addresses() -> None:
    address_changes.carry_out_due(now=timezone.now(), in_time=time_budget(DELIVERY_SECONDS))


@shared_task(name="accounts.erase_documents")
def erase_documents() -> None:
    documents.erase_due(now=timezone.now(), in_time=time_budget(200))


@shared_task(name="accounts.deliver_webhooks")
def deliver_webhooks() -> None:
    post = partial(far_hosts.post, anywhere=settings.WEBHOOKS_TO_ANYWHERE)
    webhook_deliveries.deliver_due(post=post, now=timezone.now(), in_time=time_budget(DELIVERY_SECONDS))


@shared_task(name="accounts.forget_old_calls")
def forget_old_calls() -> None:
    now = timezone.now()
    api_calls.delete_old(now=now)
    webhooks.delete_old(now=now)
