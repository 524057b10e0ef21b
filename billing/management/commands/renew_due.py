"""Renew what is due."""

from datetime import datetime

from billing import gateways, renewal_report, renewals
from billing.management.charging import charge_by_hand
from billing.models import Subscription
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Charges and delivers the auto-renewals that are due, and tells their subscribers."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            rows = Subscription.objects
            due = rows.due(now) | rows.second_cards_turn(now)
            return renewal_report.would_do(due, left=rows.in_flight(now), gateways=gateways.by_name(), now=now)
        return charge_by_hand(renewals.renew_due, now=now, say=self.say)
