"""Let the sandbox call back."""

from datetime import datetime

from billing.tasks import deliver_sandbox_callbacks
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Lets the sandbox gateway tell the portal what became of its payments (demo and development only)."
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - the sandbox has its own clock
        return [f"called back about {deliver_sandbox_callbacks()} payments"]
