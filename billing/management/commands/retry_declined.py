"""Try declined renewals again."""

from datetime import datetime

from billing import gateways, renewal_report, renewals
from billing.management.charging import charge_by_hand
from billing.models import Subscription
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Charges declined auto-renewals again whose next rung of the ladder is reached."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return renewal_report.would_do(Subscription.objects.to_retry(now), gateways=gateways.by_name(), now=now)
        return charge_by_hand(renewals.retry_declined, now=now, say=self.say)
