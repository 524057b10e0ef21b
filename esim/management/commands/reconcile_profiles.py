"""Ask again for profiles whose answer got lost."""

from datetime import datetime

from esim.carriers import chosen
from esim.models import ProfileOrder
from esim.profile_orders import reconcile
from esim.tasks import PROFILE_ORDERS
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = (
        "Asks the carrier again about profiles that were ordered and never answered; what is in doubt is left to staff."
    )

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            due = ProfileOrder.objects.to_reconcile(now)[:PROFILE_ORDERS]
            doubt = ProfileOrder.State.IN_DOUBT
            return [f"{'leaves to staff' if one.state == doubt else 'would ask about'} {one.public_id}" for one in due]
        return [f"{reconcile(carrier=chosen(), now=now, limit=PROFILE_ORDERS)} orders were answered"]
