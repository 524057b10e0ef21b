"""The scheduler's way in."""

from celery import shared_task
from django.utils import timezone

from esim import application_retention, delivery, profile_orders, rating, replacing, stock, throttling, usage
from esim.carriers import chosen
from portal.lib.ticks import time_budget

BATCH = 500
LOOK_SECONDS = 50.0
TIDY_SECONDS = 120.0
POLL_SECONDS = 55.0
REPLACEMENTS = 200
PROFILE_ORDERS = 50


@shared_task(name="esim.poll_usage")
def poll_usage() -> None:
    usage.poll_usage(carrier=chosen(), now=timezone.now(), limit=BATCH, in_time=time_budget(POLL_SECONDS))


@shared_task(name="esim.rate_usage")
def rate_usage() -> None:
    rating.rate_due(now=timezone.now(), in_time=time_budget(LOOK_SECONDS))


@shared_task(name="esim.keep_speed")
def keep_speed() -> None:
    throttling.keep_speed(carrier=chosen(), now=timezone.now(), limit=BATCH, in_time=time_budget(LOOK_SECONDS))


@shared_task(name="esim.follow_replacements")
def follow_replacements() -> None:
    replacing.follow(carrier=chosen(), now=timezone.now(), limit=REPLACEMENTS)


@shared_task(name="esim.release_cards")
def release_cards() -> None:
    stock.release_forgotten(now=timezone.now())
    delivery.release_forsaken()


@shared_task(name="esim.tidy_applications")
def tidy_applications() -> None:
    application_retention.tidy(now=timezone.now(), in_time=time_budget(TIDY_SECONDS))


@shared_task(name="esim.reconcile_profiles")
def reconcile_profiles() -> None:
    profile_orders.reconcile(
        carrier=chosen(), now=timezone.now(), limit=PROFILE_ORDERS, in_time=time_budget(LOOK_SECONDS)
    )
