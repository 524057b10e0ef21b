"""Send what the operator's systems want to hear."""

from datetime import datetime
from functools import partial

from django.conf import settings

from accounts.models import WebhookDelivery
from accounts.webhook_deliveries import deliver_due
from portal.lib import far_hosts
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Sends the webhook messages that are due."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = WebhookDelivery.objects.due(now).select_related("message", "endpoint").order_by("due_at", "pk")
            return [f"would send {one.message} to {one.endpoint}" for one in due]
        post = partial(far_hosts.post, anywhere=settings.WEBHOOKS_TO_ANYWHERE)
        return [f"sent {deliver_due(post=post, now=now)}"]
