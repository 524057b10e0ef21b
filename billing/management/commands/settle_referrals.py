"""Decide on referrals."""

from datetime import datetime

from django.conf import settings

from accounts.notifications import deliver_due
from billing import referral_credits
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = (
        "Credits referrals whose first purchase stands, refuses those that are one person's, takes unearned ones back."
    )

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [
                *(f"would look at {referral.public_id}" for referral in referral_credits.undecided()),
                *(f"would take back {one.referral.public_id}" for one in referral_credits.unearned(now)),
            ] or ["nothing is due"]
        credited = referral_credits.settle_referrals(within=settings.PORTAL_REFUND_WINDOW, now=now)
        return [f"credited {credited} referrals", f"sent {deliver_due(now=now)} notices"]
