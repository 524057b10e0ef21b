"""Buy what runs low."""

from datetime import datetime

from django.core.management.base import CommandError

from accounts.notifications import deliver_due
from billing import gateways, top_up_report, top_up_run
from billing.charging_stops import ChargingStopped
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Buys data, and adds money, for the top-up rules that are due, and tells their subscribers."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return top_up_report.would_do(gateways=gateways.by_name(), now=now)
        try:
            top_ups = top_up_run.top_up_low(gateways=gateways.by_name(), carrier=carriers.chosen(), now=now)
        except ChargingStopped as reason:
            raise CommandError(str(reason)) from reason
        deliver_due(now=now)
        return top_up_report.done(top_ups)
