"""The scheduler's way in."""

from celery import shared_task
from django.utils import timezone

from accounts.notifications import deliver_due


@shared_task(name="accounts.deliver_notifications")
def deliver_notifications() -> None:
    deliver_due(now=timezone.now())
