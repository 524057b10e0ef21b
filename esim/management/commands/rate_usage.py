"""Count usage records that came by file or API."""

from datetime import datetime

from esim.models import UsageRecord
from esim.rating import rate_due
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Takes usage records that wait off the allowances of their lines, and adds them to the lines' days."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would count {UsageRecord.objects.filter(rated_at__isnull=True).count()} records"]
        return [f"counted {rate_due(now=now)} records"]
