"""What the scheduler would do, and did, in lines for whoever runs it by hand."""

from collections.abc import Iterable
from datetime import datetime

from billing.consent import source_words
from billing.models import Subscription, SubscriptionQuerySet
from billing.renewal_orders import Renewal
from billing.schedule import aligned_end
from billing.verdicts import Action, Verdict, judge
from portal.lib.periods import boundary


def would_do(wanted: SubscriptionQuerySet, *, now: datetime) -> list[str]:
    """Tell what a run at `now` would do with these rows; reads only."""
    rows = wanted.select_related("line__owner", "plan", "method").order_by("charge_due_at", "pk")
    return [_foretell(verdict) for verdict in judge(list(rows), now=now)] or ["nothing is due"]


def done(renewals: Iterable[Renewal]) -> list[str]:
    """Tell what a run did, a line for each renewal."""
    return [_tell(renewal) for renewal in renewals] or ["nothing was due"]


def _foretell(verdict: Verdict) -> str:
    subscription = verdict.subscription
    named = f"{subscription.line} ({subscription.line.public_id}), {subscription.plan.code}"
    match verdict.action:
        case Action.WAIT:
            return f"would wait: {named}, paid until {verdict.starts_at:%Y-%m-%d %H:%M} UTC"
        case Action.PAUSE:
            return f"would pause: {named}, {verdict.reason}, agreed {subscription.agreed_price}, now {verdict.price}"
    ends_at = aligned_end(subscription, verdict.starts_at) or boundary(
        verdict.starts_at, subscription.plan.period, 1, subscription.line.zone
    )
    source = source_words(subscription.pay_from, subscription.method)
    return (
        f"would charge: {named}, {subscription.agreed_price}, {source}, "
        f"{verdict.starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M} UTC"
    )


def _tell(renewal: Renewal) -> str:
    subscription, order = renewal.subscription, renewal.order
    standing = Subscription.objects.get(pk=subscription.pk)
    outcome = f"order {order.public_id} {order.state}" if order is not None else renewal.refusal or "not ordered"
    return (
        f"{subscription.line} ({subscription.line.public_id}), {subscription.agreed_price}: {outcome}; "
        f"auto-renewal {standing.state}, next charge {standing.charge_due_at:%Y-%m-%d %H:%M} UTC"
    )
