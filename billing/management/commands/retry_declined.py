"""Try declined renewals again."""

from datetime import datetime

from django.core.management.base import CommandError

from accounts.notifications import deliver_due
from billing import gateways, renewal_report, renewals
from billing.charging_stops import ChargingStopped
from billing.models import Subscription
from billing.renewal_run import Stride
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Charges declined auto-renewals again whose next rung of the ladder is reached."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return renewal_report.would_do(Subscription.objects.to_retry(now), now=now)
        try:
            taken_up = renewals.retry_declined(
                gateways=gateways.by_name(),
                carrier=carriers.chosen(),
                now=now,
                stride=Stride.configured(),
                tell=lambda ids: self.say(renewal_report.moved(ids)),
            )
        except ChargingStopped as reason:
            raise CommandError(str(reason)) from reason
        told = deliver_due(now=now)
        return [*([] if taken_up else ["nothing was due"]), f"sent {told} notices"]
