"""Tell people about cards that expire soon, and put another in the place of an expired default."""

from datetime import datetime

from accounts.notifications import deliver_due
from billing import card_upkeep
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Writes the notices about expiring cards that are due, each once, and replaces expired default cards."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        due = card_upkeep.remind_about_cards(now=now, dry_run=dry_run)
        made_way = card_upkeep.replace_expired_defaults(now=now, dry_run=dry_run)
        would = "would " if dry_run else ""
        lines = [f"{would}remind {draft.recipient.public_id}: {draft.key}" for draft in due]
        lines += [f"{would}replace default {method.public_id}: expired" for method in made_way]
        lines = lines or ["nothing is due"]
        return lines if dry_run else [*lines, f"sent {deliver_due(now=now)} notices"]
