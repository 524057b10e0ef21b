"""Start the queued plans whose turn it is."""

from datetime import datetime

from accounts.notifications import deliver_due
from billing import orders, queue_endings, queueing
from esim import carriers
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Starts queued plans whose turn it is, cancels those that will never begin, and tells what was queued."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [
                *(f"would start {one.order}" for one in queueing.to_start(now).select_related("order")),
                *(f"would cancel {one.order}" for one in queue_endings.dead().select_related("order")),
            ] or ["nothing is due"]
        started = queueing.start_due(now=now)
        for order_id in started:
            orders.fulfil(order_id=order_id, carrier=carriers.chosen(), now=now)
        cancelled = queue_endings.cancel_dead(now=now)
        queue_endings.take_in(now=now)
        return [
            f"started {len(started)} plans",
            f"cancelled {len(cancelled)} plans",
            f"sent {deliver_due(now=now)} notices",
        ]
