"""Forget what programs asked for, and what webhooks told, long ago."""

from datetime import datetime

from accounts import api_calls, webhooks
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Deletes answers to API calls after a day, and webhook messages after a month."
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - there is nothing to foretell
        return [f"forgot {api_calls.delete_old(now=now)} calls and {webhooks.delete_old(now=now)} messages"]
