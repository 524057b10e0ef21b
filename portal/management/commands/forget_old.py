"""Forget what is over and old."""

from datetime import datetime

from portal.lib.ticks import TickCommand
from portal.privacy.forgetting import RULES, due, forget_old


class Command(TickCommand):
    help = "Forgets what is over and old; docs/privacy.md says what, and after which time."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would forget {due(rule, now=now).count()} {rule.name}" for rule in RULES]
        return [f"forgot {count} {name}" for name, count in forget_old(now=now).items()]
