"""The Celery application and the timetable.

Beat only says "look now"; what is due is decided by rows. Losing a message therefore costs one interval.
"""

import os
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from portal import heartbeat
from portal.checks import refuse_misconfiguration
from portal.lib.long_lived import spare_the_collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

TIMETABLE: dict[str, dict[str, Any]] = {
    "deliver-notifications": {"task": "accounts.deliver_notifications", "schedule": 10.0},
    "tell-staff": {"task": "accounts.tell_staff", "schedule": 120.0},
    "change-addresses": {"task": "accounts.change_addresses", "schedule": 60.0},
    "copy-data": {"task": "portal.copy_data", "schedule": 60.0},
    "close-accounts": {"task": "portal.close_accounts", "schedule": crontab(minute="*/10")},
    "forget-old": {"task": "portal.forget_old", "schedule": crontab(hour=3, minute=15)},
    "erase-documents": {"task": "accounts.erase_documents", "schedule": crontab(minute=35)},
    "deliver-webhooks": {"task": "accounts.deliver_webhooks", "schedule": 10.0},
    "forget-old-calls": {"task": "accounts.forget_old_calls", "schedule": crontab(minute=35)},
    "tell-operator": {"task": "billing.tell_operator", "schedule": 15.0},
    "fulfil-paid-orders": {"task": "billing.fulfil_paid_orders", "schedule": 15.0},
    "apply-gateway-events": {"task": "billing.apply_gateway_events", "schedule": 15.0},
    "deliver-sandbox-callbacks": {"task": "billing.deliver_sandbox_callbacks", "schedule": 10.0},
    # Before the renewals: what waits its turn is paid, and nothing is charged for its time.
    "start-queued-plans": {"task": "billing.start_queued_plans", "schedule": 30.0},
    "renew-due": {"task": "billing.renew_due", "schedule": 60.0},
    "retry-declined": {"task": "billing.retry_declined", "schedule": 60.0},
    "top-up-low": {"task": "billing.top_up_low", "schedule": 60.0},
    "reconcile-charges": {"task": "billing.reconcile_charges", "schedule": 60.0},
    "read-missed-events": {"task": "billing.read_missed_events", "schedule": 300.0},
    # Every hour, because rows know which days were compared, and a day missed at a standstill is made up for.
    "compare-with-gateways": {"task": "billing.compare_with_gateways", "schedule": crontab(minute=20)},
    "check-invariants": {"task": "billing.check_invariants", "schedule": crontab(minute=40)},
    "settle-refunds": {"task": "billing.settle_refunds", "schedule": 60.0},
    "expire-unpaid-orders": {"task": "billing.expire_unpaid_orders", "schedule": 60.0},
    "move-lines": {"task": "billing.move_lines", "schedule": 60.0},
    "suspend-unpaid": {"task": "billing.suspend_unpaid", "schedule": crontab(minute="*/5")},
    "open-overdue-tickets": {"task": "billing.open_overdue_tickets", "schedule": 60.0},
    "issue-invoices": {"task": "billing.issue_invoices", "schedule": 60.0},
    "settle-referrals": {"task": "billing.settle_referrals", "schedule": crontab(minute=25)},
    "send-reminders": {"task": "billing.send_reminders", "schedule": crontab(minute="*/10")},
    "remind-about-cards": {"task": "billing.remind_about_cards", "schedule": crontab(minute=20)},
    # Every hour, each line once a day: the next look takes up where the time of this one ended.
    "advise-lines": {"task": "billing.advise_lines", "schedule": crontab(minute=5)},
    "reconcile-profiles": {"task": "esim.reconcile_profiles", "schedule": 60.0},
    "follow-replacements": {"task": "esim.follow_replacements", "schedule": 30.0},
    "release-cards": {"task": "esim.release_cards", "schedule": crontab(minute=50)},
    "tidy-applications": {"task": "esim.tidy_applications", "schedule": crontab(minute=25)},
    "poll-usage": {"task": "esim.poll_usage", "schedule": 60.0},
    "rate-usage": {"task": "esim.rate_usage", "schedule": 15.0},
    "keep-speed": {"task": "esim.keep_speed", "schedule": 60.0},
}
app.conf.beat_schedule = {
    # A look that nobody took before the next one is due says nothing new.
    name: {**entry, "options": {"expires": 120}}
    for name, entry in TIMETABLE.items()
}
JOBS = frozenset(entry["task"] for entry in TIMETABLE.values())


@signals.task_postrun.connect
def _remember_when_it_ran(task: Any, **_kwargs: Any) -> None:
    if task.name in JOBS:
        heartbeat.remember(task.name, now=timezone.now())


@signals.worker_init.connect
@signals.beat_init.connect
def _refuse_misconfiguration(**_kwargs: Any) -> None:
    try:
        refuse_misconfiguration()
    except ImproperlyConfigured as error:
        # Any other exception Celery would log, and start all the same.
        raise SystemExit(str(error)) from error


# The first is sent in each process of a pool of processes, the second where there is one process only.
@signals.worker_process_init.connect
@signals.worker_ready.connect
def _spare_the_collector(**_kwargs: Any) -> None:
    spare_the_collector()
