"""Issue invoices, receipts and credit notes that are due."""

from datetime import datetime

from billing.invoices import issue_due, refunds_to_credit
from billing.models import Order
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Issues the documents of delivered orders and of refunds that have arrived."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            sold = [f"would invoice {order.public_id}" for order in Order.objects.to_invoice()]
            return sold + [f"would credit {refund.public_id}" for refund in refunds_to_credit()]
        return [f"issued {issue_due(now=now)} documents"]
