"""What was agreed for a line that is no more: it ends, and nobody is written to about it."""

from datetime import datetime

from billing import agreements, top_up_rules
from billing.models import Subscription, TopUpRule
from esim.models import ServiceState

PAGE = 200


def end_agreements(*, now: datetime) -> int:
    """Turn off what would renew, or buy for, lines that are terminated; return how many were turned off."""
    closed = {"line__service_state": ServiceState.TERMINATED}
    subscriptions = list(Subscription.objects.on().filter(**closed).select_related("line__owner")[:PAGE])
    for subscription in subscriptions:
        agreements.turn_off(subscription=subscription, actor=None, ip=None, now=now)
    rules = list(TopUpRule.objects.filter(is_on=True, **closed).select_related("owner", "line", "plan")[:PAGE])
    for rule in rules:
        top_up_rules.turn_off(rule=rule, actor=None, ip=None, now=now)
    return len(subscriptions) + len(rules)
