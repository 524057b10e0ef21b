"""The scheduler's way in."""

from celery import shared_task
from django.utils import timezone

from accounts import documents
from accounts.notifications import deliver_due
from portal.lib.ticks import time_budget


@shared_task(name="accounts.deliver_notifications")
def deliver_notifications() -> None:
    deliver_due(now=timezone.now())


@shared_task(name="accounts.erase_documents")
def erase_documents() -> None:
    documents.erase_due(now=timezone.now(), in_time=time_budget(200))
