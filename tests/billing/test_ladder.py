"""Every decline a bank knows: one state, one letter at the first refusal, a bounded number of tries."""

from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import Notification
from billing import dunning
from billing.declines import KNOWN_CODES, DeclineKind, explain
from billing.models import Subscription
from tests import make

DAY = timedelta(days=1)
State = Subscription.State
UNHEARD_OF = "a_code_that_no_bank_has_sent_yet"
ALL_CODES = [*sorted(KNOWN_CODES), UNHEARD_OF]

STATES = {DeclineKind.SOFT: State.PAST_DUE, DeclineKind.HARD: State.PAUSED, DeclineKind.NEEDS_CUSTOMER: State.PAUSED}
TRIES = {DeclineKind.SOFT: 1 + len(dunning.LADDER), DeclineKind.HARD: 1, DeclineKind.NEEDS_CUSTOMER: 1}
LETTERS = {DeclineKind.SOFT: 2, DeclineKind.HARD: 1, DeclineKind.NEEDS_CUSTOMER: 1}
"""Told at the first refusal, and once more when the last rung is refused; where nothing is tried again, once."""


@pytest.fixture
def subscription(line, plan, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    return make.make_subscription(line=line, plan=plan, charge_due_at=now)


def refuse(subscription, code, *, at):
    """Let the bank refuse whoever claims the row at `at`; False where nobody may."""
    due = Subscription.objects.due(at) | Subscription.objects.to_retry(at)
    if not due.filter(pk=subscription.pk).update(state=State.IN_FLIGHT, fence=F("fence") + 1):
        return False
    subscription.refresh_from_db()
    dunning.record_decline(subscription=subscription, code=code, order=None, now=at)
    subscription.refresh_from_db()
    return True


@pytest.mark.slow
def test_each_code_has_one_state_and_one_letter(subscription, now):
    ends = {}
    for code in ALL_CODES:
        Subscription.objects.update(state=State.ACTIVE, declines=0, reason="", charge_due_at=now)
        Notification.objects.all().delete()
        refuse(subscription, code, at=now)
        ends[code] = (subscription.state, subscription.reason, Notification.objects.get().context["code"])

    assert ends == {code: (STATES[explain(code).kind], f"declined:{code}", code) for code in ALL_CODES}


@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card", "expired_card", UNHEARD_OF])
def test_tries_are_few_and_what_will_never_pay_is_asked_once(subscription, code, now):
    moments = [now, *(now + rung for rung in dunning.LADDER), now + 30 * DAY, now + 60 * DAY]

    tries = [refuse(subscription, code, at=at) for at in moments]

    kind = explain(code).kind
    assert sum(tries) == TRIES[kind] <= 6
    assert subscription.state == State.PAUSED
    assert Notification.objects.count() == LETTERS[kind]


def test_the_ladder_is_what_we_publish():
    assert [rung / timedelta(hours=1) for rung in dunning.LADDER] == [6, 24, 72, 120, 168]


@pytest.mark.parametrize("declines", range(1, 6))
def test_the_page_shows_the_rungs_the_scheduler_climbs(subscription, declines, now):
    subscription.declines = declines
    subscription.charge_due_at = dunning.next_attempt_at(declines=declines, declined_at=now)

    shown = dunning.rungs_ahead(subscription, next_at=subscription.charge_due_at)

    climbed, at = [], now
    for count in range(declines, len(dunning.LADDER) + 1):
        at = dunning.next_attempt_at(declines=count, declined_at=at)
        climbed.append(at)
    assert shown == climbed
    assert shown[-1] == dunning.last_attempt_at(declines=declines, again_at=subscription.charge_due_at)
