"""What the tick of top-up rules would do, and did, in lines for whoever runs it by hand."""

from collections.abc import Iterable
from datetime import datetime

from billing.consent import source_words
from billing.gateways.base import Gateways
from billing.models import TopUpRule
from billing.renewal_endings import GATEWAY_GONE
from billing.top_up_due import due
from billing.top_up_orders import TopUp, is_beyond_reach
from billing.top_up_verdicts import TopUpVerdict, judge
from billing.verdicts import Action


def would_do(*, gateways: Gateways, now: datetime) -> list[str]:
    """Tell what a run at `now` would do; reads only."""
    lines = []
    for kind in TopUpRule.Kind:
        rules = due(kind, now=now).select_related("owner", "line", "plan", "method", "agreement").order_by("pk")
        lines += [_foretell(verdict, gateways) for verdict in judge(list(rules), now=now)]
    return lines or ["nothing runs low"]


def done(top_ups: Iterable[TopUp]) -> list[str]:
    """Tell what a run did, a line for each purchase."""
    return [_tell(top_up) for top_up in top_ups] or ["nothing ran low"]


def _foretell(verdict: TopUpVerdict, gateways: Gateways) -> str:
    rule, named = verdict.rule, _named(verdict.rule)
    if is_beyond_reach(verdict, gateways):
        return f"would put off: {named}, {GATEWAY_GONE}"
    match verdict.action:
        case Action.PAUSE:
            return f"would pause: {named}, {verdict.reason}, agreed {rule.agreed_price}, now {verdict.price}"
        case Action.HOLD:
            return f"would wait: {named}, limit of the month reached, until {verdict.goes_on_at:%Y-%m-%d %H:%M} UTC"
    return f"would charge: {named}, {rule.agreed_price}, {source_words(rule.pay_from, rule.method)}"


def _tell(top_up: TopUp) -> str:
    order = top_up.order
    standing = TopUpRule.objects.get(pk=top_up.rule.pk)
    outcome = f"order {order.public_id} {order.state}" if order is not None else top_up.refusal or "not ordered"
    return f"{_named(top_up.rule)}, {top_up.rule.agreed_price}: {outcome}; rule {standing.state} {standing.reason}"


def _named(rule: TopUpRule) -> str:
    what = f"{rule.line} ({rule.line.public_id}), {rule.plan}" if rule.line else f"balance in {rule.currency}"
    return f"{rule.public_id}, {what}"
