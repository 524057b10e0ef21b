"""Look for plans that would have been cheaper."""

from datetime import datetime

from billing import advising
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Replays the last 90 days of each line against the plans on sale, and keeps what would have been cheaper."
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - of every job
        return [f"{advising.look_at_lines(now=now)} lines could have a cheaper plan"]
