"""Make the copies of their data that people asked for."""

from datetime import datetime

from accounts.models import DataExport
from portal.lib.ticks import TickCommand
from portal.privacy.copies import make_due


class Command(TickCommand):
    help = "Makes the copies of their data that people asked for."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would copy for {wish}" for wish in DataExport.objects.filter(document__isnull=True)]
        return [f"made {make_due(now=now)}"]
