"""The scheduler's way in."""

from celery import shared_task
from django.utils import timezone

from esim import usage
from esim.carriers import chosen

BATCH = 500


@shared_task(name="esim.poll_usage")
def poll_usage() -> None:
    usage.poll_usage(carrier=chosen(), now=timezone.now(), limit=BATCH)
