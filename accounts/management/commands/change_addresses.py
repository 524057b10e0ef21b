"""Change the addresses that two members of staff agreed to, once nobody stopped it in time."""

from datetime import datetime

from accounts.address_changes import carry_out_due
from accounts.models import AddressChange
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Changes addresses of people who lost theirs: agreed to by two of staff, proved, and not stopped in time."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = AddressChange.objects.due(now)
            return [f"would change {one}" if one.proved_at else f"would not change {one}: not proved" for one in due]
        return [f"changed {carry_out_due(now=now)} addresses"]
