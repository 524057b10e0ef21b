"""What lies ahead of a line, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import TopUpRule
from billing.order_steps import Step
from billing.outlook_words import if_you_do_nothing
from billing.question_links import token_for
from billing.timeline import Outlook, Timeline, timeline
from billing.timeline_words import steps_of
from portal.line_cards import LineCard, foretold


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """The moments ahead, what follows from doing nothing, and until when that can be changed.

    `steps` are the events of `told` in words.
    """

    told: Timeline
    if_nothing: str
    steps: Sequence[Step]
    change_until: datetime | None
    is_off: bool
    can_change: bool
    answer_token: str

    def foretold(self, card: LineCard, *, now: datetime) -> LineCard:
        """Return the card of the line with what comes of its auto-renewal."""
        due_at = card.subscription.charge_due_at if card.subscription else None
        waits_for_us = self.told.is_stopped and due_at is not None and due_at <= now
        return foretold(card, coming=self.told.coming, waits_for_us=waits_for_us, now=now)


def ahead_of(card: LineCard, *, rule: TopUpRule | None, now: datetime) -> Ahead:
    """Return what lies ahead of the line of a card, with the rule that buys data when it runs low; reads only."""
    runs_out_at = card.runs_out_at
    told = timeline(line=card.line, queued=card.queued, turns=card.turns, runs_out_at=runs_out_at, rule=rule, now=now)
    return Ahead(
        told=told,
        if_nothing=if_you_do_nothing(told),
        steps=steps_of(told, now=now),
        change_until=told.change_until,
        is_off=told.outlook == Outlook.OFF,
        can_change=told.outlook != Outlook.CLOSED,
        answer_token=_answer_token(told),
    )


def _answer_token(told: Timeline) -> str:
    """Return what opens the question that waits for an answer; empty where none does."""
    if told.question is None or told.subscription is None:
        return ""
    return token_for(told.subscription, period_index=told.question.period_index)
