"""Keeping top-up rules in step with what is paid and bought by hand."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing.declines import DECLINED, DeclineKind, explain
from billing.models import Charge, Order, TopUpRule
from billing.top_up_due import low

Kind = TopUpRule.Kind
State = TopUpRule.State


def follow_payments(*, now: datetime) -> None:
    """End the dunning of rules whose subscriber has helped: paid the refused order, or made up for what was low.

    A card that will never pay stays asked no more: such a rule waits for another one.
    """
    declined = TopUpRule.objects.filter(declines__gt=0, is_on=True)
    paid = Order.objects.filter(
        top_up_rule=OuterRef("pk"), top_up_index=OuterRef("next_index"), state__in=Order.State.DELIVERED
    )
    for rule in declined.filter(Exists(paid), state__in=[State.ACTIVE, State.PAUSED]):
        if rule.state == State.ACTIVE or _may_go_on(rule):
            _calm(rule, now=now, state=State.ACTIVE, next_index=rule.next_index + 1)
    for kind in Kind:
        waiting = declined.of_kind(kind).filter(state=State.ACTIVE)
        still_low = set(low(waiting, kind=kind, now=now).values_list("pk", flat=True))
        for rule in waiting.exclude(pk__in=still_low):
            _calm(rule, now=now)


def _may_go_on(paused: TopUpRule) -> bool:
    """Tell whether refusals paused it that may pass; what staff paused, staff resume."""
    code = paused.reason.removeprefix(DECLINED)
    return paused.reason.startswith(DECLINED) and explain(code).kind != DeclineKind.HARD


def _calm(rule: TopUpRule, *, now: datetime, **columns: object) -> None:
    # Whoever claimed it meanwhile has counted its fence up, and goes by what it found.
    standing = TopUpRule.objects.filter(pk=rule.pk, state=rule.state, fence=rule.fence)
    with transaction.atomic():
        if standing.update(declines=0, reason="", wait_until=None, decided_at=now, **columns):
            let_go(rule, now=now)


def let_go(rule: TopUpRule, *, now: datetime) -> None:
    """Have a refused order end at once that nobody is paying: what it reserved of the balance is free again."""
    being_paid = Charge.objects.open().filter(order=OuterRef("pk"))
    refused = Order.objects.filter(~Exists(being_paid), top_up_rule=rule, state=Order.State.PENDING)
    refused.update(expires_at=now, end_due_at=None)
