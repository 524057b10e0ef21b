"""Go on with closing the accounts whose day has come."""

from datetime import datetime

from accounts.models import AccountClosing
from billing import gateways, left_behind
from esim import carriers
from portal.lib.ticks import TickCommand
from portal.privacy.closing import close_due
from portal.privacy.obstacles import standing_of


class Command(TickCommand):
    help = "Goes on with closing the accounts whose day has come."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [_told(closing, now=now) for closing in AccountClosing.objects.due(now).select_related("user")]
        closed = close_due(carrier=carriers.chosen(), gateways=gateways.by_name(), now=now)
        return [f"closed {closed}", f"began {left_behind.send_back(now=now)} refunds of what came later"]


def _told(closing: AccountClosing, *, now: datetime) -> str:
    standing = standing_of(closing.user, given_up=closing.given_up, now=now)
    return f"would go on with {closing}: {', '.join(standing.obstacles) or 'nothing in the way'}"
