"""The scheduler's way in, for jobs that concern every app."""

from celery import shared_task
from django.utils import timezone

from billing import gateways, left_behind
from esim import carriers
from portal.lib.ticks import time_budget
from portal.privacy import closing, copies, forgetting

BUDGET_SECONDS = 200


@shared_task(name="portal.copy_data")
def copy_data() -> None:
    copies.make_due(now=timezone.now(), in_time=time_budget(BUDGET_SECONDS))


@shared_task(name="portal.close_accounts")
def close_accounts() -> None:
    now, in_time = timezone.now(), time_budget(BUDGET_SECONDS)
    closing.close_due(carrier=carriers.chosen(), gateways=gateways.by_name(), now=now, in_time=in_time)
    left_behind.send_back(now=now)


@shared_task(name="portal.forget_old")
def forget_old() -> None:
    forgetting.forget_old(now=timezone.now(), in_time=time_budget(BUDGET_SECONDS))
