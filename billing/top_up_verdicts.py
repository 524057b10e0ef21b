"""Whether a top-up rule whose data, or balance, is low may buy now, and as which of its purchases."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from billing import limits
from billing.models import Dispute, LedgerAccount, LedgerEntry, Order, Subscription, TopUpRule
from billing.models.ledger import MAY_TOUCH_WALLETS
from billing.verdicts import Action, Reason, prices_at, promises
from esim.models import ServiceState
from plans.terms import PlanTerms
from portal.lib.money import Money

State = Order.State
GIVEN_BACK = (LedgerEntry.Kind.REFUNDING, LedgerEntry.Kind.PAID_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpVerdict:
    """What to do about a rule: CHARGE, HOLD until `goes_on_at`, or PAUSE; `price` is what a pack costs now."""

    rule: TopUpRule
    action: Action
    index: int
    reason: str = ""
    price: Money | None = None
    goes_on_at: datetime | None = None


def judge(rules: Collection[TopUpRule], *, now: datetime) -> list[TopUpVerdict]:
    """Look at what may have changed since the consent, and at the limits. Four queries, two more for balances."""
    prices = prices_at(now, plan_ids={rule.plan_id for rule in rules if rule.plan_id is not None})
    latest = _latest_orders(rules)
    disputed = _disputed(rules)
    given_back = _low_by_giving_back(rules)
    held_until = limits.rules_reached(rules, now=now)
    return [
        _judge(
            rule,
            price=prices.get((rule.plan_id or 0, rule.currency)),
            order=latest.get((rule.pk, rule.next_index)),
            before=latest.get((rule.pk, rule.next_index - 1)),
            is_disputed=rule.pk in disputed,
            is_given_back=rule.pk in given_back,
            held_until=held_until.get(rule.pk),
        )
        for rule in rules
    ]


def objection(rule: TopUpRule, *, price: Money | None) -> Reason | None:
    """Return what forbids buying what was agreed to; money that is added has no price of ours."""
    method, agreed = rule.method, rule.consent_terms
    if rule.line is not None and rule.line.service_state == ServiceState.TERMINATED:
        return Reason.LINE_CLOSED
    if rule.plan is not None and price is None:
        return Reason.NOT_ON_SALE
    if rule.plan is not None and price != rule.agreed_price:
        return Reason.PRICE_CHANGED
    if rule.plan is not None and promises(PlanTerms.from_json(agreed)) != promises(PlanTerms.of(rule.plan)):
        return Reason.TERMS_CHANGED
    if rule.pay_from != Subscription.PayFrom.WALLET and (method is None or method.removed_at is not None):
        return Reason.METHOD_REMOVED
    return None


def _judge(
    rule: TopUpRule,
    *,
    price: Money | None,
    order: Order | None,
    before: Order | None,
    is_disputed: bool,
    is_given_back: bool,
    held_until: datetime | None,
) -> TopUpVerdict:
    is_bought = order is not None and order.state in State.DELIVERED
    index = rule.next_index + is_bought
    reason = Reason.DISPUTED if is_disputed else objection(rule, price=price)
    if _is_unwanted(order) or _is_unwanted(before):
        reason, index = Reason.SKIPPED, rule.next_index + 1
    elif is_given_back:
        reason = reason or Reason.SKIPPED
    if reason:
        return TopUpVerdict(rule=rule, action=Action.PAUSE, index=index, reason=reason, price=price)
    if held_until is not None:
        limit = Reason.LIMIT_REACHED
        return TopUpVerdict(rule=rule, action=Action.HOLD, index=index, reason=limit, goes_on_at=held_until)
    return TopUpVerdict(rule=rule, action=Action.CHARGE, index=index, price=price)


def _is_unwanted(order: Order | None) -> bool:
    """Tell whether somebody called a purchase off, or gave it back: who does that wants none in its place."""
    return order is not None and order.state in {State.CANCELLED, State.TAKING_BACK, State.REFUNDED}


def _latest_orders(rules: Collection[TopUpRule]) -> Mapping[tuple[int | None, int | None], Order]:
    """Return, by rule and purchase, the latest order for the next purchase and for the one before."""
    indexes = {rule.next_index for rule in rules} | {rule.next_index - 1 for rule in rules}
    orders = Order.objects.filter(top_up_rule__in=rules, top_up_index__in=indexes).order_by("pk")
    return {(one.top_up_rule_id, one.top_up_index): one for one in orders}


def _low_by_giving_back(rules: Collection[TopUpRule]) -> set[int]:
    """Return the rules whose balance is low only because money was paid out of it, or back, since they last decided.

    Whoever takes their money out does not want it taken from their card again. Two queries where balances are watched.
    """
    watched = [rule for rule in rules if rule.low_mark is not None]
    if not watched:
        return set()
    owners = {rule.owner_id for rule in watched}
    wallets = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET, owner__in=owners)
    balances = {(one.owner_id, one.currency): one.balance for one in wallets}
    # The index by account holds what may touch a wallet.
    left = LedgerEntry.objects.filter(MAY_TOUCH_WALLETS, debit_account__in=list(wallets), kind__in=GIVEN_BACK)
    left = left.filter(at__gt=min(_decided_at(rule) for rule in watched))
    amounts = list(left.values_list("debit_account__owner", "currency", "at", "amount"))
    found = set()
    for rule in watched:
        whose, mark, since = (rule.owner_id, rule.currency), rule.low_amount or 0, _decided_at(rule)
        given = sum(amount for owner, currency, at, amount in amounts if (owner, currency) == whose and at > since)
        if given and balances.get(whose, 0) + given >= mark:
            found.add(rule.pk)
    return found


def _decided_at(rule: TopUpRule) -> datetime:
    agreed_at = rule.agreement.agreed_at
    return max(agreed_at, rule.decided_at or agreed_at)


def _disputed(rules: Collection[TopUpRule]) -> set[int]:
    """Return the rules a purchase of which, or another one for their line, is disputed at the payer's bank.

    Of those that add money: where balance is frozen for a dispute. No card makes up for what its own bank took back.
    """
    open_ones = Dispute.objects.open()
    theirs = open_ones.filter(charge__order__top_up_rule__in=[rule.pk for rule in rules])
    of_lines = open_ones.of_line_owners().filter(charge__order__line__in=[one.line_id for one in rules if one.line_id])
    owners = [rule.owner_id for rule in rules if rule.line_id is None]
    of_balances = open_ones.filter(charge__order__owner__in=owners, frozen_amount__gt=0)
    found = list((theirs | of_lines | of_balances).select_related("charge__order"))
    return {rule.pk for rule in rules if any(_is_about(dispute, rule) for dispute in found)}


def _is_about(dispute: Dispute, rule: TopUpRule) -> bool:
    order = dispute.charge.order
    if order.top_up_rule_id == rule.pk:
        return True
    if rule.line_id is not None:
        return order.line_id == rule.line_id
    froze = dispute.frozen_amount > 0 and dispute.currency == rule.currency
    return froze and order.owner_id == rule.owner_id
