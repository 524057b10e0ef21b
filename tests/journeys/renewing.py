"""A line whose time is paid for, cards that the sandbox knows, and the ticks that charge them."""

from datetime import timedelta
from functools import cached_property

from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.models import SandboxCard
from portal.lib.data_size import GB
from tests import make

DAY = timedelta(days=1)


class Renewing:
    """Somebody's line with 10 GB for 30 days at US$14.90, a card that pays, and where its pages are."""

    def __init__(self, owner, *, portal):
        self.owner = owner
        self.portal = portal
        self.now = timezone.now()
        # The clock is the real one: somebody without quiet hours is written to whenever the journeys run.
        User.objects.filter(pk=owner.pk).update(quiet_from=None, quiet_until=None)
        self.plan = make.make_plan(name="Europe 10 GB", name_zh_hans="欧洲 10 GB")
        self.line = make.make_line(owner=owner, nickname="Work phone", usage_reported_at=self.now)
        make.make_profile(line=self.line, download_state="enabled")

    @cached_property
    def card(self):
        return keep_card(self.owner, "4242", is_default=True)

    def runs(self, *, ends_in, used_gb=0):
        """Let the plan run since the right day for it to end so much later."""
        ends_at = self.now + ends_in
        return make.make_allowance(
            line=self.line,
            plan=self.plan,
            starts_at=ends_at - 30 * DAY,
            ends_at=ends_at,
            used_bytes=used_gb * GB,
        )

    def subscribed(self, *, ends_in, due_in=timedelta(), **fields):
        """Turn auto-renewal on, with the card that pays unless told otherwise."""
        fields.setdefault("method", None)
        fields["method"] = fields["method"] or self.card
        anchor_at = self.now + ends_in - 30 * DAY
        due_at = self.now + due_in
        return make.make_subscription(
            line=self.line, plan=self.plan, anchor_at=anchor_at, charge_due_at=due_at, **fields
        )

    def url(self, page=""):
        return f"{self.portal}/lines/{self.line.public_id}/{page}"


def keep_card(owner, last_four, **fields):
    """Keep a test card of the sandbox, which then answers as its page says."""
    known = CARDS_BY_LAST_FOUR[last_four]
    bank = SandboxCard.objects.create(
        reference=f"card_{owner.pk}_{last_four}",
        customer=owner.public_id,
        brand=known.brand,
        last_four=last_four,
        expires_month=12,
        expires_year=timezone.now().year + 4,
        outcome=known.when_kept,
    )
    about = {name: getattr(bank, name) for name in ("reference", "brand", "last_four", "expires_year")}
    return make.make_method(owner=owner, **{**about, **fields})


def tick(command, at=None):
    """Run a job of the timetable, twice: what it does twice shows."""
    for _time in range(2):
        call_command(command, *(["--at", at.isoformat()] if at else []), verbosity=0)
