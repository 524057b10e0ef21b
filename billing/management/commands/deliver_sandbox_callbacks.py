"""Let the sandbox call back."""

from datetime import datetime

from billing.gateways import sandbox_events
from billing.tasks import deliver_sandbox_callbacks
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = (
        "Lets the sandbox gateway tell the portal what became of its payments (demo and development only); with --at,"
        " as if what takes its time had come to its end by then."
    )
    dry_runs = False

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:  # noqa: ARG002 - it can't tell without telling
        sandbox_events.complete_due(now=now)
        # Told under the clock on the wall: a notice that carries another time is refused as a replay.
        return [f"called back about {deliver_sandbox_callbacks()} payments"]
