"""What the pages of top-up rules show: how a rule stands, what went wrong, and what it could be set to."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.models import User
from billing import ledger, limits, purchases
from billing.consent import source_words
from billing.models import Order, TopUpRule
from billing.term_changes import Change, changes
from billing.top_up_forms import LowBalanceForm, LowDataForm, TopUpForm
from billing.top_up_problems import sentence_of
from billing.top_up_terms import wishes_of
from billing.verdicts import Reason, prices_at
from billing.ways_to_pay import Way, renewal_sources
from esim.models import Allowance, Line
from plans.terms import PlanTerms
from portal.lib.money import Money

State = TopUpRule.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a rule that is on stands: `is_held` until `rule.wait_until` at its limit, `is_refused` between two rungs."""

    rule: TopUpRule
    source: str
    problem: str
    changes: list[Change]
    times: int
    spent: Money

    @property
    def is_held(self) -> bool:
        return self.rule.state == State.ACTIVE and self.rule.reason == Reason.LIMIT_REACHED

    @property
    def is_refused(self) -> bool:
        return self.rule.state == State.ACTIVE and self.rule.declines > 0


def low_data(*, line: Line, user: User, form: TopUpForm | None = None, now: datetime) -> dict[str, Any]:
    """Return how the rule of a line stands, and what it could be set to; `form` is one that was filled in wrong."""
    rule = standing_rule(line=line)
    form = form or LowDataForm(initial=wishes_of(rule) if rule else {}, owner=user, now=now)
    running = list(Allowance.objects.filter(line=line).running(now))
    packs = purchases.shelf(line=line, kind=Order.Kind.TOP_UP, currency=user.currency, now=now)
    return {
        "standing": how_it_stands(rule, now=now) if rule else None,
        "form": form,
        "has_plan": any(not one.is_data_pack for one in running),
        "is_unlimited": any(one.data_bytes is None for one in running),
        "shelf": packs.led_by(form["plan"].value()),
        "sources": _sources(form, rule=rule, balance=ledger.wallet_balance(user, user.currency)),
    }


def low_balance(*, user: User, form: TopUpForm | None = None, now: datetime) -> dict[str, Any]:
    """Return how the rule for the balance stands, what it could be set to, and rules left in other currencies."""
    rules = TopUpRule.objects.of_kind(TopUpRule.Kind.BALANCE).filter(owner=user, is_on=True)
    by_currency = {rule.currency: rule for rule in rules.select_related("owner", "method", "agreement")}
    rule = by_currency.pop(user.currency, None)
    form = form or LowBalanceForm(initial=wishes_of(rule) if rule else {}, owner=user, now=now)
    return {
        "standing": how_it_stands(rule, now=now) if rule else None,
        "others": [how_it_stands(other, now=now) for other in by_currency.values()],
        "form": form,
        "balance": ledger.wallet_balance(user, user.currency),
        "sources": _sources(form, rule=rule, balance=None),
    }


def standing_rule(*, line: Line) -> TopUpRule | None:
    """Return the rule of a line, if one is on. One query."""
    rules = TopUpRule.objects.of_kind(TopUpRule.Kind.DATA).filter(line=line, is_on=True)
    return rules.select_related("owner", "line", "plan", "method", "agreement").first()


def how_it_stands(rule: TopUpRule, *, now: datetime) -> Standing:
    """Describe a rule for its page. Two queries."""
    counted = limits.this_month(rule, now=now)
    spent = sum(one.amount for one in counted if one.currency == rule.currency)
    has_problem = rule.state == State.PAUSED or rule.declines > 0
    return Standing(
        rule=rule,
        source=source_words(rule.pay_from, rule.method),
        problem=str(sentence_of(rule.reason)) if has_problem else "",
        changes=_changes(rule, now=now),
        times=len(counted),
        spent=Money(spent, rule.currency),
    )


def _changes(rule: TopUpRule, *, now: datetime) -> list[Change]:
    if rule.plan is None:
        return []
    price = prices_at(now, plan_ids=[rule.plan.pk]).get((rule.plan.pk, rule.currency))
    then, terms = PlanTerms.from_json(rule.consent_terms), PlanTerms.of(rule.plan)
    return changes(then=then, now=terms, agreed=rule.agreed_price, price=price)


def _sources(form: TopUpForm, *, rule: TopUpRule | None, balance: Money | None) -> list[Way]:
    """Return what can pay, with what was chosen before, or stands, chosen; without `balance` only cards."""
    ways = renewal_sources(
        methods=list(form.cards.values()), balance=balance or Money.zero(form.owner.currency), subscription=rule
    )
    offered = [way for way in ways if balance is not None or way.value in form.cards]
    wanted = form["source"].value()
    if wanted not in [way.value for way in offered]:
        return offered
    return [replace(way, checked=way.value == wanted) for way in offered]
