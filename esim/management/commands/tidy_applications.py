"""End applications for a SIM card that nobody finished, and forget particulars whose time is over."""

from datetime import datetime

from esim import application_retention
from esim.models import SimApplication
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Ends applications for a SIM card that were left alone, and forgets who applied when the time is over."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            left = [f"would end {application}" for application in application_retention.unfinished(now)]
            return left + [f"would forget who applied: {one}" for one in SimApplication.objects.to_forget(now)]
        ended, forgotten = application_retention.tidy(now=now)
        return [f"ended {ended} applications, forgot who applied in {forgotten}"]
